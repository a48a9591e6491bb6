using LuoInterop.Emulation.Interop;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Hosts;

/// <summary>Proves that the emulated kernel answers the same on a host that lacks what it is made with as on one that has it.</summary>
public sealed class OlderHostTests
{
    private const int ProtRead = 1, ProtWrite = 2, MapShared = 1, MapPrivate = 2;

    public static TheoryData<uint, int> Files
    {
        get
        {
            var files = new TheoryData<uint, int>();
            foreach (uint flags in (ReadOnlySpan<uint>)[
                MFD_CLOEXEC, MFD_ALLOW_SEALING, MFD_NOEXEC_SEAL, MFD_EXEC | MFD_ALLOW_SEALING, MFD_NOEXEC_SEAL | MFD_ALLOW_SEALING])
            {
                foreach (int seals in (ReadOnlySpan<int>)[0, SealExec, SealExec
                    | SealShrink, SealWrite, SealFutureWrite, SealGrow | SealSeal, SealWrite | SealExec | SealSeal, 64])
                {
                    files.Add(flags, seals);
                }
            }

            return files;
        }
    }

    /// <summary>Before 6.3 memfd_create(2) knows neither MFD_EXEC nor MFD_NOEXEC_SEAL, and fcntl(2) no F_SEAL_EXEC;
    /// before 6.7 mmap(2) refuses a sealed file.</summary>
    [Theory]
    [MemberData(nameof(Files))]
    public void File_OnALinux61Host_IsTheSame(uint flags, int seals) =>
        Assert.Equal(
            Observe(new HostKernel { HasExecSeals = true, MapsSealed = true }, flags, seals),
            Observe(new HostKernel { HasExecSeals = false, MapsSealed = false }, flags, seals));

    [Theory]
    [InlineData(16 << 10)]
    [InlineData(64 << 10)]
    public void Machine_OnAHostWithLargerPages_IsRefusedAtOnce(int pageSize)
    {
        var error = Assert.Throws<PlatformNotSupportedException>(() =>
            new EmulatedMachine(new EmulatedMachineOptions { Host = new HostKernel { PageSize = pageSize } }));
        Assert.Contains($"{pageSize} bytes", error.Message, StringComparison.Ordinal);
    }

    private static List<string> Observe(HostKernel host, uint flags, int seals)
    {
        var seen = new List<string>();
        using var machine = new EmulatedMachine(new EmulatedMachineOptions { Host = host });
        EmulatedProcess kernel = machine.Boot();
        using Descriptor session = kernel.Create(kernel.OpenDevice(), "s");
        using Descriptor file = kernel.MemfdWith(new byte[5000], flags);
        Look(kernel, file);
        seen.Add($"seal {kernel.Fcntl(file, F_ADD_SEALS, seals)}");
        Look(kernel, file);
        Change(kernel, file);
        seen.Add($"preserve {kernel.Preserve(session, file.Fd, 1)}");
        Look(kernel, file);
        seen.Add($"seal frozen {kernel.Fcntl(file, F_ADD_SEALS, SealExec)}");
        Change(kernel, file);
        EmulatedProcess next = machine.Kexec();
        using Descriptor incoming = next.RetrieveSession(next.OpenDevice(), "s");
        int result = next.TryRetrieve(incoming, 1, out int fd);
        seen.Add($"retrieve {result}");
        if (result == 0)
        {
            using var retrieved = new Descriptor(next, fd);
            Look(next, retrieved);
            seen.Add($"seal retrieved {next.Fcntl(retrieved, F_ADD_SEALS, SealExec | SealShrink)}");
            Look(next, retrieved);
            Change(next, retrieved);
        }

        return seen;

        void Look(Kernel by, Descriptor of)
        {
            seen.Add($"seals {by.Fcntl(of, F_GET_SEALS)} mode {by.Status(of).Mode} size {by.Status(of).Size}");
            foreach ((int protection, int how) in (ReadOnlySpan<(int, int)>)[
                (ProtRead, MapShared), (ProtRead | ProtWrite, MapShared), (ProtRead, MapPrivate)])
            {
                nint address = by.MMap(4096, protection, how, of, 0);
                seen.Add($"map {protection} {how} {(address > 0 ? 0 : address)}");
                if (address > 0)
                {
                    Assert.Equal(0, by.MUnmap(address, 4096));
                }
            }
        }

        void Change(Kernel by, Descriptor of)
        {
            seen.Add($"chmod {by.FChmod(of, 0x1B6)} {by.FChmod(of, 0x1FF)} mode {by.Status(of).Mode}");
            seen.Add($"write {by.PWrite(of, [7], 0)} grow {by.FTruncate(of, 6000)} shrink {by.FTruncate(of, 5000)}");
        }
    }
}
