using Xunit;

namespace LuoInterop.Systemd.Tests;

/// <summary>Lets every message of a replacement go wrong in every way, and looks at what the next start has.</summary>
[Collection(nameof(DescriptorCount))]
public sealed class FaultSweepTests
{
    // A first store has 2 messages, a replacement 3, and a barrier at the end 1.
    private const int MessagesOfReplacement = 6;

    public static TheoryData<MessageFault, int> Faults()
    {
        var data = new TheoryData<MessageFault, int>();
        foreach (MessageFault fault in Enum.GetValues<MessageFault>())
        {
            for (int i = 0; i < MessagesOfReplacement; i++)
            {
                data.Add(fault, i);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Faults))]
    public void OneFault_NeverLosesWhatWasProven_AndLeaksNothing(MessageFault fault, int index)
    {
        int before = DescriptorCount.Now();
        using (var manager = new FakeServiceManager(4))
        {
            manager.Fault = (number, _) => number == index ? fault : MessageFault.None;
            string? proven = null;
            manager.Start(out FileDescriptorStore store);
            using (store)
            {
                foreach (string content in (string[])["first", "second"])
                {
                    using Memfd file = StoreTests.Written(content);
                    try
                    {
                        Assert.Equal(StoreProof.Proven, store.Store("cache", file.Handle, TimeSpan.FromMilliseconds(200)));
                        proven = content;
                    }
                    catch (FileDescriptorStoreException error) when (error.Refusal == StoreRefusal.NotKept)
                    {
                        Assert.NotEqual(MessageFault.None, fault);
                    }
                    catch (TimeoutException)
                    {
                        Assert.Equal(MessageFault.Delay, fault);
                    }
                }

                try
                {
                    store.Barrier(TimeSpan.FromMilliseconds(200));
                }
                catch (TimeoutException)
                {
                    Assert.Equal(MessageFault.Delay, fault);
                }
            }

            // What comes late comes at last, or never.
            manager.Settle();
            manager.GoOn();
            manager.Start(out FileDescriptorStore next);
            using (next)
            {
                if (proven is not null)
                {
                    Assert.Empty(next.Received.AmbiguousNames);
                    using var file = new Memfd(next.Received.Take("cache"));
                    string content = StoreTests.Text(file);
                    Assert.True(content == proven || (content == "second" && fault == MessageFault.Delay), $"{content} for {proven}");
                    Assert.Equal(StoreProof.Proven, next.Store("cache", file.Handle));
                    next.Barrier();
                }
            }

            Assert.True(manager.Names.Length <= 1, string.Join(',', manager.Names));
        }

        Assert.Equal(before, DescriptorCount.Now());
    }
}

/// <summary>Counts this process' descriptors; tests that do run alone.</summary>
[CollectionDefinition(nameof(DescriptorCount), DisableParallelization = true)]
public sealed class DescriptorCount
{
    private static readonly string[] s_ours = ["memfd:test", "memfd:luointerop", "pipe:", "socket:"];

    /// <summary>Counts those that the tests' files have: memfds and pipes and sockets, whatever the runtime opens besides.</summary>
    internal static int Now()
    {
        // What others have left to the collector is closed before, and not in between.
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Directory.EnumerateFileSystemEntries("/proc/self/fd").Count(static path =>
        {
            try
            {
                string? target = File.ResolveLinkTarget(path, returnFinalTarget: false)?.Name;
                return target is not null
                    && s_ours.Any(prefix => target.StartsWith(prefix, StringComparison.Ordinal));
            }
            catch (IOException)
            {
                return false;
            }
        });
    }
}
