// The tests count the process' descriptors and threads.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
