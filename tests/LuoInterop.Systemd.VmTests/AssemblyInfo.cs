using Xunit;

// A VM has as many processors as most machines that run this: two at once only wait for each other.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
