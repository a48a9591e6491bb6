using LuoInterop.Kho;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Profiles;

/// <summary>Proves what becomes of a session on the way from any release to any other (contract, section 4).</summary>
public class KexecMatrixTests
{
    /// <summary>Names what the next kernel makes of the handover.</summary>
    public enum Outcome
    {
        /// <summary>KHO and LUO take it: the session is there.</summary>
        Carried,

        /// <summary>KHO takes it, and one side has no LUO.</summary>
        KhoOnly,

        /// <summary>KHO does not know the form: a normal boot without any of it.</summary>
        Dropped,

        /// <summary>KHO takes it, and LUO does not know its form.</summary>
        Panic,
    }

    private const Outcome C = Outcome.Carried, K = Outcome.KhoOnly, D = Outcome.Dropped, P = Outcome.Panic;

    // Rows are where from, columns where to: 6.18, 6.19, 7.0, 7.1, 7.2, 7.3.
    private static readonly Outcome[][] s_outcomes =
    [
        [K, K, K, D, D, D],
        [K, C, P, D, D, D],
        [K, C, C, D, D, D],
        [D, D, D, C, D, D],
        [D, D, D, D, C, C],
        [D, D, D, D, C, C],
    ];

    public static TheoryData<string, string, Outcome> Ways
    {
        get
        {
            var ways = new TheoryData<string, string, Outcome>();
            for (int from = 0; from < Releases.All.Length; from++)
            {
                for (int to = 0; to < Releases.All.Length; to++)
                {
                    ways.Add(Releases.All[from], Releases.All[to], s_outcomes[from][to]);
                }
            }

            return ways;
        }
    }

    [Theory]
    [MemberData(nameof(Ways))]
    public void Kexec_HasTheOutcomeOfTheTable(string from, string to, Outcome outcome)
    {
        using EmulatedMachine machine = Releases.Machine(from);
        Leave(machine.Boot(), to, Releases.On);
        if (outcome == Outcome.Panic)
        {
            // 7.0 wants the node luo-flb: -ENOENT.
            Assert.Contains("[-2]", Assert.Throws<EmulatedKernelPanicException>(machine.Boot).Message, StringComparison.Ordinal);
            Assert.StartsWith(from, machine.Boot().Release, StringComparison.Ordinal);
            return;
        }

        EmulatedProcess next = machine.Boot();
        Assert.StartsWith(to, next.Release, StringComparison.Ordinal);
        bool taken = outcome != Outcome.Dropped;
        Assert.Equal(taken ? ["in", "out"] : ["out"], next.Names(Releases.Kho));

        // Where one side has no LUO the pages stay reserved, unreachable, until the boot after this one.
        Assert.Equal(taken && from != "6.18", next.Running.Handover.Memory.Folios.Any());
        if (to != "6.18")
        {
            CheckSession(next, outcome == Outcome.Carried);
            ulong number = next.LiveUpdateNumber();
            Assert.Equal(outcome == Outcome.Carried ? 2UL : 1UL, number);
        }

        // Nothing of it goes on from there.
        EmulatedProcess third = machine.Kexec(to, Releases.On);
        Assert.Empty(third.Running.Handover.Memory.Folios);
    }

    /// <summary>KHO and LUO look at the previous kernel's bytes with LUO off as well.</summary>
    [Theory]
    [InlineData("6.19", "7.0", true)]
    [InlineData("7.2", "7.3", false)]
    public void Kexec_WithLiveUpdateOff_PanicsAllTheSame(string from, string to, bool panics)
    {
        using EmulatedMachine machine = Releases.Machine(from);
        Leave(machine.Boot(), to, "kho=on liveupdate=off");
        if (panics)
        {
            Assert.Throws<EmulatedKernelPanicException>(machine.Boot);
        }
        else
        {
            Assert.Equal(ENOENT, machine.Boot().Open("/dev/liveupdate", O_RDWR));
        }
    }

    /// <summary>Without KHO the next kernel sees nothing, so that no form can be wrong.</summary>
    [Fact]
    public void Kexec_WithKhoOff_IsAColdStart()
    {
        using EmulatedMachine machine = Releases.Machine("6.19");
        Leave(machine.Boot(), "7.0", "kho=off liveupdate=on");
        Assert.Equal(ENOENT, machine.Boot().Open("/dev/liveupdate", O_RDWR));
    }

    /// <summary>LUO that was off left no node, and 7.0 misses none.</summary>
    [Fact]
    public void Kexec_FromLiveUpdateOff_DoesNotPanic()
    {
        using EmulatedMachine machine = Releases.Machine("6.19", "kho=on");
        Assert.Equal(2, machine.Boot().WriteFile(Releases.Kho + "/out/finalize", "1\n"));
        EmulatedProcess next = machine.Kexec("7.0", Releases.On);
        Assert.Equal(["in", "out"], next.Names(Releases.Kho));
        Assert.Equal(1UL, next.LiveUpdateNumber());
    }

    [Theory]
    [InlineData("6.17.9")]
    [InlineData("6.1")]
    [InlineData("6.180")]
    [InlineData("7.4.0")]
    [InlineData("8.0")]
    public void OtherReleases_AreNoKernels(string release)
    {
        using EmulatedMachine machine = Releases.Machine("7.3");
        Assert.Equal(ENOEXEC, machine.Boot().Load(release));
        Assert.Throws<ArgumentException>(() => new EmulatedMachine(new EmulatedMachineOptions { Release = release }));
    }

    // A session of two files, one with seals and a position, as far as the release has LUO.
    private static void Leave(EmulatedProcess kernel, string to, string commandLine)
    {
        if (!kernel.Release.StartsWith("6.18", StringComparison.Ordinal))
        {
            Descriptor session = kernel.Create(kernel.OpenDevice(), "session");
            Descriptor sealedFile = kernel.MemfdWith(Content(1));
            Assert.Equal(0, kernel.Fcntl(sealedFile, F_ADD_SEALS, SealGrow));
            Assert.Equal(5, kernel.LSeek(sealedFile, 5, SeekOrigin.Begin));
            Assert.Equal(0, kernel.Preserve(session, sealedFile.Fd, 1));
            Assert.Equal(0, kernel.Preserve(session, kernel.MemfdWith(Content(2)).Fd, 2));
        }

        Assert.Equal(0, kernel.LoadRelease(to, commandLine));
        Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));
    }

    private static void CheckSession(EmulatedProcess kernel, bool carried)
    {
        using Descriptor device = kernel.OpenDevice();
        Assert.Equal(carried ? 0 : ENOENT, kernel.TryRetrieveSession(device, "session", out int fd));
        if (!carried)
        {
            return;
        }

        using var session = new Descriptor(kernel, fd);
        using Descriptor first = kernel.Retrieve(session, 1);
        using Descriptor second = kernel.Retrieve(session, 2);
        Assert.Equal(5, kernel.LSeek(first, 0, SeekOrigin.Current));
        Assert.Equal(Content(1), kernel.Content(first, 9000));
        Assert.Equal(Content(2), kernel.Content(second, 9000));
        Assert.Equal(0, kernel.Finish(session));
    }

    private static byte[] Content(int seed)
    {
        byte[] bytes = new byte[9000];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }
}
