using LuoInterop.Emulation;
using LuoInterop.Litmus;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace LuoInterop.Litmus.Tests.Traces;

/// <summary>Proves that a trace says nothing that did not happen,
/// whoever closes descriptors and whatever becomes of their numbers.</summary>
[Collection(Alone.Name)]
public sealed class TraceTruthTests : IDisposable
{
    private readonly EmulatedMachine _machine = new();
    private readonly StringWriter _text = new() { NewLine = "\n" };
    private readonly TracingKernel _kernel;

    public TraceTruthTests() => _kernel = new TracingKernel(_machine.Boot(), _text);

    private string[] Lines => _text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void Memfd_Disposed_IsWrittenAsClosedThenAndOnce()
    {
        Memfd memory = Memfd.Create(_kernel, "memory", 4096);
        memory.Dispose();
        memory.Dispose();
        using Memfd other = Memfd.Create(_kernel, "other", 4096);
        Assert.Equal(["m1 = memfd", "truncate m1 4096 => 0", "close m1 => 0", "m2 = memfd", "truncate m2 4096 => 0"], Lines.Select(Short));
    }

    [Fact]
    public void DescriptorClosedPastTheTrace_ItsNumberGivenOutAgain_IsNoCloseOfTheFirst()
    {
        Memfd memory = Memfd.Create(_kernel, "memory");
        int number = (int)memory.Handle.DangerousGetHandle();
        Assert.Equal(0, Kernel.Linux.Close(number));
        memory.Handle.SetHandleAsInvalid();
        Assert.Equal(number, Reuse(number, () => _kernel.Open("/dev/null", 0)));
        Assert.Equal(0, _kernel.Close(number));
        Assert.DoesNotContain(Lines, static line => line.StartsWith("close", StringComparison.Ordinal));
        Assert.Contains("# m1 was closed before this, past the trace", Lines);
    }

    [Fact]
    public void HandleDisposed_ItsNumberUsedForAnUnseenFile_IsClosedOnceAndUnknown()
    {
        Memfd memory = Memfd.Create(_kernel, "memory");
        int number = (int)memory.Handle.DangerousGetHandle();
        memory.Handle.Dispose();
        Assert.Equal("close m1 => 0", Assert.Single(Lines, static line => line.StartsWith("close", StringComparison.Ordinal)));
        SafeFileHandle? file = null;
        Reuse(number, () => (int)(file = File.OpenHandle("/dev/zero")).DangerousGetHandle());
        Assert.Equal(1, _kernel.PRead(file!, new byte[1], 0));
        Assert.Equal($"# pread unknown{number} 0 1", Lines[^1]);
        file!.Dispose();
    }

    [Fact]
    public void MemfdLostToTheCollector_ItsNumberUsedForAnUnseenFile_IsClosedAndUnknown()
    {
        int number = Lose(_kernel);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Assert.Equal("close m1 => 0", Lines[^1]);
        SafeFileHandle? file = null;
        Reuse(number, () => (int)(file = File.OpenHandle("/dev/zero")).DangerousGetHandle());
        Assert.Equal(1, _kernel.PRead(file!, new byte[1], 0));
        Assert.Equal($"# pread unknown{number} 0 1", Lines[^1]);
        file!.Dispose();

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        static int Lose(TracingKernel kernel) => (int)Memfd.Create(kernel, "memory").Handle.DangerousGetHandle();
    }

    [Fact]
    public void LeakedSession_KeepsItsName_ForWhoeverAdoptsIt()
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(_kernel);
        LiveUpdateSession session = device.CreateSession("trace-truth");
        using Memfd memory = Memfd.Create(_kernel, "memory", 4096);
        session.Preserve(memory, 1);
        int fd = (int)session.Handle.DangerousGetHandle();
        session.Dispose();
        LiveUpdateSession.Adopt(_kernel, fd).Abort();
        Assert.Contains("get_name s2", Lines);
        Assert.Equal("close s2 => 0", Lines[^1]);
    }

    [Fact]
    public void PreserveOfAFileThatTheTraceHasNotSeen_IsAComment()
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(_kernel);
        LiveUpdateSession session = device.CreateSession("unseen");
        using SafeFileHandle file = File.OpenHandle("/dev/zero");
        Assert.Throws<KernelException>(() => session.Preserve(file, 1));
        Assert.Equal($"# preserve_fd s2 unknown{(int)file.DangerousGetHandle()} token=1 => ENOENT", Lines[^1]);
        session.Abort();
    }

    [Fact]
    public void RequestWithAReservedWord_IsAComment()
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(_kernel);
        LiveUpdateSession session = device.CreateSession("reserved");
        Assert.Equal(-(int)Errno.EINVAL, _kernel.Ioctl(session.Handle, 0xBA43, [72, 0, 0, 0, 1, .. new byte[67]]));
        Assert.Equal("# ioctl s2 0xba43 size=72 => EINVAL", Lines[^1]);
        session.Abort();
    }

    [Fact]
    public void OtherReboot_IsWrittenWithWhatCameOfIt()
    {
        Assert.Equal(-(int)Errno.EINVAL, _kernel.Reboot(0x12345678));
        Assert.Equal("# reboot 0x12345678 => EINVAL", Assert.Single(Lines));
    }

    /// <summary>Numbers go from thread to thread; whatever is written of a name is written while it is open.</summary>
    [Fact]
    public void Threads_ThatCloseAndOpenWithoutPause_NeverMixTheirNames()
    {
        Thread[] threads = [.. Enumerable.Range(0, 4).Select(number => new Thread(() =>
        {
            using Memfd own = Memfd.Create(_kernel, $"own{number}", 4096);
            for (int i = 0; i < 300; i++)
            {
                using Memfd memory = Memfd.Create(_kernel, $"t{number}-{i}");
                memory.SetSize(number + 1);
                int copy = _kernel.Fcntl(own.Handle, 1030);
                Assert.True(copy >= 0);
                Assert.Equal(0, _kernel.Close(copy));
            }
        }))];
        Array.ForEach(threads, static thread => thread.Start());
        Array.ForEach(threads, static thread => thread.Join());
        var sizes = new Dictionary<string, int>();
        var open = new HashSet<string>();
        foreach (string line in Lines)
        {
            string[] words = line.Split(' ');
            if (words is [var name, "=", "memfd" or "dup", ..])
            {
                Assert.True(open.Add(name), line);
                sizes[name] = words is [_, _, "memfd", _, ['n', 'a', 'm', 'e', '=', '"', 't', var owner, ..], ..] ? owner - '0' + 1 : 4096;
            }
            else if (words is ["truncate", var truncated, var size, ..])
            {
                Assert.Contains(truncated, open);
                Assert.Equal(sizes[truncated], int.Parse(size, System.Globalization.CultureInfo.InvariantCulture));
            }
            else if (words is ["close", var closed, "=>", "0"])
            {
                Assert.True(open.Remove(closed), line);
            }
            else
            {
                // What cannot be told for certain is a comment.
                Assert.StartsWith("# ", line, StringComparison.Ordinal);
            }
        }
    }

    /// <summary>A full disk takes nothing from the program: what was opened has its owner, and the next call says what is wrong.</summary>
    [Fact]
    public void ScriptThatCannotBeWritten_LosesNoDescriptor_AndStopsTheNextCall()
    {
        var writer = new FullDisk();
        var kernel = new TracingKernel(_machine.Kernel.StartProcess(), writer);
        using LiveUpdateDevice device = LiveUpdateDevice.Open(kernel);
        writer.IsFull = true;
        LiveUpdateSession session = device.CreateSession("kept");
        Assert.Equal("kept", session.Name);
        IOException error = Assert.Throws<IOException>(() => device.CreateSession("never"));
        Assert.Equal("No space left on device", error.InnerException!.Message);
        session.Abort();
        device.Dispose();
        using LiveUpdateDevice again = LiveUpdateDevice.Open(_machine.Kernel);
        Assert.False(again.TryRetrieveSession("kept", out _));
        again.CreateSession("kept").Abort();
        again.CreateSession("never").Abort();
    }

    private static string Short(string line) =>
        line.Contains("= memfd", StringComparison.Ordinal) ? line[..line.IndexOf(" flags", StringComparison.Ordinal)] : line;

    // Other tests of the process take numbers too: what comes before is kept open until the wanted one is free.
    private static int Reuse(int number, Func<int> open)
    {
        for (int attempt = 0; attempt < 100_000; attempt++)
        {
            int fd = open();
            if (fd == number)
            {
                return fd;
            }

            Assert.True(fd >= 0);
            GC.KeepAlive(fd);
        }

        return -1;
    }

    private sealed class FullDisk : StringWriter
    {
        public bool IsFull { get; set; }

        public override void WriteLine(string? value)
        {
            if (IsFull)
            {
                throw new IOException("No space left on device");
            }

            base.WriteLine(value);
        }
    }
}
