using LuoInterop.Kho;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Hostile;

/// <summary>Runs a program on the kernel that meets a damaged handover, and checks that each answer is one that Linux gives.</summary>
internal sealed class NextKernel(EmulatedMachine machine, HandedOver left)
{
    private const int LongestRead = 1 << 20;
    private const int OwnSessions = 3;

    private static readonly byte[] Content = [.. Enumerable.Range(0, 10_000).Select(static i => (byte)(i * 7))];

    private readonly List<Descriptor> _open = [];
    private bool _handedOver;

    public string Run(Random random)
    {
        EmulatedProcess kernel;
        try
        {
            kernel = machine.Boot();
        }
        catch (EmulatedKernelPanicException panic)
        {
            Panicked(panic);
            return "panic at boot";
        }

        try
        {
            ReadDebugFs(kernel);
            string outcome = Use(kernel, random);
            Close();
            if (!kernel.Running.Handover.Scratch.SequenceEqual(left.Previous.Scratch) && IsKhoBoot(kernel))
            {
                // What it hands over next may lie where the image after that is loaded.
                return outcome + ", scratch elsewhere";
            }

            bool device = HandOverAgain(kernel);
            Retrieve(machine.Boot(), device);
            return outcome;
        }
        catch (EmulatedKernelPanicException panic) when (!_handedOver)
        {
            Assert.True(kernel.HasEnded);
            Panicked(panic);
            return "panic in a call";
        }
        finally
        {
            Close();
        }
    }

    // The machine is off, and its next boot a cold one.
    private void Panicked(EmulatedKernelPanicException panic)
    {
        Assert.NotEmpty(panic.Message);
        Assert.False(machine.IsRunning);
        using Descriptor device = machine.Boot().OpenDevice();
    }

    private string Use(EmulatedProcess kernel, Random random)
    {
        int fd = kernel.Open("/dev/liveupdate", O_RDWR);
        if (fd < 0)
        {
            Assert.Equal(EIO, fd);
            Assert.Equal(EIO, kernel.Open("/dev/liveupdate", O_RDWR));
            return "runs, EIO at open";
        }

        Descriptor device = Own(kernel, fd);
        int lost = 0;
        int failed = 0;
        foreach (string name in left.Names)
        {
            int error = kernel.TryRetrieveSession(device, name, out int session);
            if (error != 0)
            {
                Assert.Equal(ENOENT, error);
                lost++;
                continue;
            }

            failed += UseSession(kernel, Own(kernel, session), random);
        }

        return lost == left.Names.Count ? "runs, nothing handed over"
            : lost > 0 ? "runs, sessions lost"
            : failed > 0 ? "runs, files fail"
            : "runs, all there";
    }

    private int UseSession(EmulatedProcess kernel, Descriptor session, Random random)
    {
        int failed = 0;
        foreach (ulong token in (ulong[])[HandedOver.Sealed, HandedOver.Moved, HandedOver.Nothing, 0, 100, 163])
        {
            int error = kernel.TryRetrieve(session, token, out int file);
            if (error == 0)
            {
                UseFile(kernel, Own(kernel, file));
                continue;
            }

            Assert.Contains(error, (int[])[ENOENT, EINVAL, EOPNOTSUPP, EIO, EEXIST, ENOMEM, EFBIG]);
            Assert.Equal(error, kernel.TryRetrieve(session, token, out _));
            failed += error == ENOENT ? 0 : 1;
        }

        // By FINISH, by the session's close, or not at all.
        if (random.Next(3) == 0)
        {
            Assert.Equal(0, kernel.Finish(session));
        }

        return failed;
    }

    private static void UseFile(EmulatedProcess kernel, Descriptor file)
    {
        FileStatus status = kernel.Status(file);
        Assert.True(status.Size >= 0);
        Assert.InRange(kernel.Fcntl(file, F_GET_SEALS), 0, 0x3f);
        Assert.True(kernel.LSeek(file, 0, SeekOrigin.Current) >= 0);
        int length = (int)Math.Min(status.Size, LongestRead);
        Assert.Equal(length, kernel.PRead(file, new byte[length], 0));
    }

    private static void ReadDebugFs(EmulatedProcess kernel)
    {
        var kho = new KhoDebugFs(kernel);
        foreach (KhoDirection direction in (KhoDirection[])[KhoDirection.In, KhoDirection.Out])
        {
            Assert.True(Enum.IsDefined(kho.ReadTree(direction).State));
            Assert.True(Enum.IsDefined(kho.ReadLuo(direction).State));
            Assert.True(Enum.IsDefined(kho.ReadKexecMetadata(direction).State));
            Assert.True(Enum.IsDefined(kho.ListSubTrees(direction).State));
        }

        Assert.Equal(KhoState.Present, kho.ReadScratch().State);
    }

    private static bool IsKhoBoot(EmulatedProcess kernel) => kernel.Running.Handover.IncomingFdt != 0;

    // What this kernel hands over itself is sound, whatever it was handed.
    private bool HandOverAgain(EmulatedProcess kernel)
    {
        int fd = kernel.Open("/dev/liveupdate", O_RDWR);
        if (fd >= 0)
        {
            Descriptor device = Own(kernel, fd);
            for (int i = 0; i < OwnSessions; i++)
            {
                Assert.Equal(0, kernel.TryCreate(device, $"own-{i}", out int session));
                Assert.Equal(0, kernel.Preserve(Own(kernel, session), Own(kernel, kernel.MemfdWith(Content)).Fd, 1));
            }
        }

        Assert.Equal(0, kernel.Load());
        Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));
        _handedOver = true;
        return fd >= 0;
    }

    private void Retrieve(EmulatedProcess kernel, bool sessions)
    {
        Descriptor device = Own(kernel, kernel.OpenDevice());
        for (int i = 0; i < OwnSessions && sessions; i++)
        {
            Descriptor session = Own(kernel, kernel.RetrieveSession(device, $"own-{i}"));
            Assert.Equal(Content, kernel.Content(Own(kernel, kernel.Retrieve(session, 1)), Content.Length));
        }
    }

    private Descriptor Own(EmulatedProcess kernel, int fd) => Own(kernel, new Descriptor(kernel, fd));

    private Descriptor Own(EmulatedProcess kernel, Descriptor descriptor)
    {
        Assert.False(kernel.HasEnded);
        _open.Add(descriptor);
        return descriptor;
    }

    // The newest first, so that sessions end before the device; a close can panic like any call.
    private void Close()
    {
        while (_open.Count > 0)
        {
            Descriptor last = _open[^1];
            _open.RemoveAt(_open.Count - 1);
            last.Dispose();
        }
    }
}
