using System.Diagnostics;
using LuoInterop.Emulation.Boot;
using LuoInterop.Emulation.Interop;
using LuoInterop.Tests.Shared;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace LuoInterop.Emulation.Tests.Host;

/// <summary>Proves that the leases by which the emulation asks the host who has a file open bother nobody.</summary>
public sealed class LeaseTests
{
    private const int Times = 20_000;

    /// <summary>Who opens a file for writing breaks a read lease, which by default kills the holder (SIGIO).</summary>
    [Fact]
    public void Image_OpenedForWritingByOthersAllTheTime_KillsNobody()
    {
        string path = Path.GetTempFileName();
        try
        {
            WrittenFile.Write(path, new byte[4096]);
            (int free, int busy) = Run(["ask-for-writers", path, $"{Times}"], _ =>
                File.OpenHandle(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite).Dispose());
            Assert.Equal(Times, free + busy);
            Assert.InRange(free, 1, Times - 1);
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>Who opens a file at all breaks a write lease.</summary>
    [Fact]
    public void HugeMemfd_OpenedByOthersAllTheTime_KillsNobody()
    {
        (int alone, int others) = Run(
            ["ask-for-others", $"{Times}"], path => File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite).Dispose());
        Assert.Equal(Times, alone + others);
        Assert.InRange(alone, 1, Times - 1);
    }

    /// <summary>Whom and how the program's own description signals stays, and so does a lease of its own.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public unsafe void Description_StaysAsTheProgramSetIt(bool leases)
    {
        string path = Path.GetTempFileName();
        try
        {
            WrittenFile.Write(path, new byte[4096]);
            using SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
            int fd = (int)file.DangerousGetHandle();
            int signal = LibC.SIGURG;
            var owner = new f_owner_ex { type = 1, pid = Environment.ProcessId };
            Assert.Equal(0, LibC.fcntl(fd, LibC.F_SETSIG, signal));
            Assert.Equal(0, LibC.fcntl(fd, LibC.F_SETOWN_EX, &owner));
            Assert.Equal(0, leases ? LibC.fcntl(fd, LibC.F_SETLEASE, LibC.F_RDLCK) : 0);
            int held = leases ? LibC.F_RDLCK : LibC.F_UNLCK;

            Assert.Equal(0, BzImage.CheckReadable(file));

            f_owner_ex found;
            Assert.Equal(0, LibC.fcntl(fd, LibC.F_GETOWN_EX, &found));
            Assert.Equal((owner, signal, held), (found, LibC.fcntl(fd, LibC.F_GETSIG, 0), LibC.fcntl(fd, LibC.F_GETLEASE, 0)));
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>A description that signals nobody does so again.</summary>
    [Fact]
    public unsafe void Description_WithoutOwner_HasNone()
    {
        string path = Path.GetTempFileName();
        try
        {
            WrittenFile.Write(path, new byte[4096]);
            using SafeFileHandle file = File.OpenHandle(path);
            Assert.Equal(0, BzImage.CheckReadable(file));
            int fd = (int)file.DangerousGetHandle();
            f_owner_ex found;
            Assert.Equal(0, LibC.fcntl(fd, LibC.F_GETOWN_EX, &found));
            Assert.Equal((0, 0), ((int)found.pid, LibC.fcntl(fd, LibC.F_GETSIG, 0)));
        }
        finally
        {
            File.Delete(path);
        }
    }

    /// <summary>There EAGAIN says that the server gave no delegation or oplock, for as long as it likes.</summary>
    [Theory]
    [InlineData(0x6969, true)]
    [InlineData(0xff534d42, true)]
    [InlineData(0xfe534d42, true)]
    [InlineData(0x01021994, false)]
    [InlineData(0xef53, false)]
    [InlineData(0x794c7630, false)]
    public void NetworkFileSystems_RefuseLeasesForReasonsOfTheirOwn(long magic, bool own) => Assert.Equal(own, HostLease.AsksServer(magic));

    // Opens a file as often as it can while a program asks, and gives what the program counted.
    private static (int First, int Second) Run(string[] words, Action<string> open)
    {
        using Process program = Process.Start(new ProcessStartInfo("dotnet", [typeof(Program).Assembly.Location, .. words])
        {
            RedirectStandardOutput = true,
        })!;
        string path = program.StandardOutput.ReadLine()!;
        int opened = 0;
        while (!program.HasExited)
        {
            try
            {
                open(path);
                opened++;
            }
            catch (IOException)
            {
                // The file went with the program.
            }
        }

        Assert.Equal(0, program.ExitCode);
        Assert.True(opened > 0);
        string[] counted = program.StandardOutput.ReadLine()!.Split(' ');
        return (int.Parse(counted[0], null), int.Parse(counted[1], null));
    }
}
