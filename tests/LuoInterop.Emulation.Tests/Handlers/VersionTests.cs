using Microsoft.Win32.SafeHandles;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Handlers;

/// <summary>Proves what becomes of a file between writers and readers of two versions (the review: versions are first class).</summary>
public sealed class VersionTests
{
    private const string On = "kho=on liveupdate=on";

    /// <summary>Old and new writer, old and new reader: what the next kernel restores.</summary>
    [Theory]
    [InlineData("v1", "v1", true)]
    [InlineData("v1", "v2", false)]
    [InlineData("v1", "v1,v2", true)]
    [InlineData("v2", "v1", false)]
    [InlineData("v2", "v2", true)]
    [InlineData("v2", "v1,v2", true)]
    [Trait("Asked", "arrays")]
    public void WriterAndReader_OfModules(string writes, string reads, bool isRestored)
    {
        string Form(string version) => "counter-" + version;
        var writer = new EventCounter();
        var reader = new EventCounter();
        string[] all = Array.ConvertAll(reads.Split(','), Form);
        using var machine = new EmulatedMachine();
        EmulatedProcess kernel = machine.Boot();
        Assert.Equal(0, kernel.LoadModule(writer.Module([Form(writes)], [Form(writes)])));
        using SafeFileHandle file = EventCounter.Make(7);
        Assert.Equal(0, kernel.Preserve(kernel.Create(kernel.OpenDevice(), "s"), (int)file.DangerousGetHandle(), 1));

        EmulatedProcess next = machine.Kexec();
        Assert.Equal(0, next.LoadModule(reader.Module([all[^1]], all)));
        if (!isRestored)
        {
            Assert.Equal(EIO, next.Open("/dev/liveupdate", O_RDWR));
            Assert.Empty(reader.Calls);
            return;
        }

        using Descriptor session = next.RetrieveSession(next.OpenDevice(), "s");
        using Descriptor counter = next.Retrieve(session, 1);
        Assert.Equal(7UL, EventCounter.Take(counter));
        Assert.Equal(["retrieve " + Form(writes)], reader.Calls);
    }

    [Fact]
    [Trait("Asked", "arrays")]
    public void PreserveChoosesTheVersion_AndRetrieveReceivesIt()
    {
        var counter = new EventCounter { Chosen = EventCounter.V1 };
        EmulatedModule module = counter.Module([EventCounter.V2, EventCounter.V1], [EventCounter.V1, EventCounter.V2]);
        using var machine = new EmulatedMachine(new EmulatedMachineOptions { Modules = [module] });
        EmulatedProcess kernel = machine.Boot();
        Descriptor session = kernel.Create(kernel.OpenDevice(), "s");
        using SafeFileHandle older = EventCounter.Make(5);
        using SafeFileHandle newer = EventCounter.Make(6);
        Assert.Equal(0, kernel.Preserve(session, (int)older.DangerousGetHandle(), 1));
        counter.Chosen = null;
        Assert.Equal(0, kernel.Preserve(session, (int)newer.DangerousGetHandle(), 2));

        EmulatedProcess next = machine.Kexec();
        using Descriptor retrieved = next.RetrieveSession(next.OpenDevice(), "s");
        using Descriptor first = next.Retrieve(retrieved, 1);
        using Descriptor second = next.Retrieve(retrieved, 2);
        Assert.Equal((5UL, 6UL), (EventCounter.Take(first), EventCounter.Take(second)));
        Assert.Equal(["retrieve counter-v1", "retrieve counter-v2"], counter.Calls.Skip(4));
    }

    [Fact]
    public void VersionThatTheHandlerDoesNotWrite_IsABugOfTheHandler()
    {
        var counter = new EventCounter { Chosen = "counter-v3" };
        EmulatedModule module = counter.Module([EventCounter.V2], [EventCounter.V2]);
        using var machine = new EmulatedMachine(new EmulatedMachineOptions { Modules = [module] });
        EmulatedProcess kernel = machine.Boot();
        Descriptor session = kernel.Create(kernel.OpenDevice(), "s");
        using SafeFileHandle file = EventCounter.Make(5);
        var bug = Assert.Throws<InvalidOperationException>(() => kernel.Preserve(session, (int)file.DangerousGetHandle(), 1));
        Assert.Contains("counter-v3", bug.Message, StringComparison.Ordinal);
    }

    /// <summary>The same for the two forms of a memory file's record. The plain release writes and reads memfd-v2 only.</summary>
    [Theory]
    [InlineData("memfd-v1", "memfd-v1", true)]
    [InlineData("memfd-v1", "memfd-v2", false)]
    [InlineData("memfd-v1", "memfd-v1,memfd-v2", true)]
    [InlineData("memfd-v1", null, false)]
    [InlineData("memfd-v2", "memfd-v1", false)]
    [InlineData("memfd-v2", "memfd-v2", true)]
    [InlineData("memfd-v2", "memfd-v1,memfd-v2", true)]
    [InlineData("memfd-v2", null, true)]
    [InlineData(null, "memfd-v1", false)]
    [InlineData(null, "memfd-v1,memfd-v2", true)]
    [Trait("Asked", "arrays")]
    public void WriterAndReader_OfMemfds(string? writes, string? reads, bool isRestored)
    {
        const string Preview = "7.3.4-" + KernelPreviews.Versions;
        using var machine = new EmulatedMachine(new EmulatedMachineOptions
        {
            Release = writes is null ? "7.3.4" : Preview,
            CommandLine = $"{On} memfd_luo.write={writes}",
        });
        EmulatedProcess kernel = machine.Boot();
        Descriptor session = kernel.Create(kernel.OpenDevice(), "s");
        using Descriptor memory = kernel.MemfdWith("content"u8);
        Assert.Equal(0, kernel.Fcntl(memory, F_ADD_SEALS, SealGrow));
        Assert.Equal(0, kernel.Preserve(session, memory.Fd, 1));
        Assert.Equal(0, kernel.Load(reads is null ? "7.3.5" : Preview, $"{On} memfd_luo.read={reads}"));
        Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));

        EmulatedProcess next = machine.Boot();
        if (!isRestored)
        {
            Assert.Equal(EIO, next.Open("/dev/liveupdate", O_RDWR));
            return;
        }

        using Descriptor retrieved = next.RetrieveSession(next.OpenDevice(), "s");
        using Descriptor file = next.Retrieve(retrieved, 1);
        Assert.Equal("content"u8, next.Content(file, 7));

        // Form 1 has no seals: its files come back sealed against sealing.
        Assert.Equal(writes == "memfd-v1" ? SealSeal : SealGrow, next.Fcntl(file, F_GET_SEALS));
        Assert.Equal(0, next.Finish(retrieved));
    }

    [Fact]
    public void ParametersOfThePreview_DoNothingToThePlainRelease()
    {
        using var machine = new EmulatedMachine(new EmulatedMachineOptions { CommandLine = $"{On} memfd_luo.write=memfd-v1" });
        EmulatedProcess kernel = machine.Boot();
        using Descriptor memory = kernel.MemfdWith("content"u8);
        Assert.Equal(0, kernel.Preserve(kernel.Create(kernel.OpenDevice(), "s"), memory.Fd, 1));
        EmulatedProcess next = machine.Kexec($"{On} memfd_luo.read=memfd-v1");
        using Descriptor session = next.RetrieveSession(next.OpenDevice(), "s");
        using Descriptor file = next.Retrieve(session, 1);
        Assert.Equal("content"u8, next.Content(file, 7));
    }

    [Theory]
    [InlineData("7.3.4-rfc-hugetlb", true)]
    [InlineData("7.3.4-1-amd64-rfc-hugetlb-rfc-guest-memfd+", true)]
    [InlineData("7.3.4-rfc-versions", true)]
    [InlineData("7.3.4-rfc-hugetbl", false)]
    [InlineData("7.3.4-rfc-hugetlb2", false)]
    [InlineData("7.3.4-rfc-", false)]
    [InlineData("7.2.6-rfc-hugetlb", false)]
    public void Release_NamesThePreviews_AndIsRefusedWithAnUnknownOne(string release, bool isKnown)
    {
        using var machine = new EmulatedMachine();
        EmulatedProcess kernel = machine.Boot();
        Assert.Equal(isKnown ? 0 : ENOEXEC, kernel.Load(release));
        if (isKnown)
        {
            using var first = new EmulatedMachine(new EmulatedMachineOptions { Release = release });
            Assert.Equal(release, first.Boot().Release);
        }
        else
        {
            Assert.Throws<ArgumentException>(() => new EmulatedMachine(new EmulatedMachineOptions { Release = release }));
        }
    }
}
