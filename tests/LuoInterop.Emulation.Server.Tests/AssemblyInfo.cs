// A process that another test starts has every descriptor of this one until it execs, and keeps open what a program was just given.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
