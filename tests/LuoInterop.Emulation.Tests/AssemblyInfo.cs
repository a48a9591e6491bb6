// Descriptors of this process are counted, and huge pages come back when the last descriptor is closed: a process that another test
// starts has every descriptor of this one until it execs.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
