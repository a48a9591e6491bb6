using System.Globalization;
using System.Text;
using LuoInterop.Emulation;
using Tmds.Linux;

namespace LuoInterop.Cli.Emulate;

/// <summary>Plays one fix through: boots, preserves a file of huge pages, jumps, retrieves it, and looks at the pool each time.</summary>
internal static class HugeTlbRun
{
    private const string Release = "7.3.4-" + KernelPreviews.HugeTlb;
    private const ulong Token = 1;
    private const string MemoryInfo = "/proc/meminfo";

    /// <exception cref="InvalidDataException">The pool is too small for the file.</exception>
    /// <exception cref="KernelException">The emulated kernel refused.</exception>
    public static HugeTlbOutcome Play(HugeTlbSetting setting, string fix)
    {
        string commandLine = setting.CommandLine(fix);
        using var machine = new EmulatedMachine(new EmulatedMachineOptions
        {
            Release = Release,
            CommandLine = commandLine,
            MemorySize = (ulong)setting.HostMemory,
        });
        EmulatedProcess kernel = machine.Boot();
        ulong free = Pool(kernel, setting).Free;
        if (free < (ulong)setting.Preserved)
        {
            throw new InvalidDataException(
                $"Only {free} of {setting.Pages} pages of {HugeTlbSetting.Size(setting.PageSize)} fit into "
                + $"{HugeTlbSetting.Size(setting.HostMemory)}: too few for a file of {setting.Preserved}.");
        }

        using LiveUpdateDevice device = LiveUpdateDevice.Open(kernel);
        using LiveUpdateSession session = device.CreateSession("vm");
        using (Memfd memory = Create(kernel, setting))
        {
            session.Preserve(memory, Token);
        }

        HugePagePool before = Pool(kernel, setting);
        Jump(kernel, session, commandLine);

        EmulatedProcess next = machine.Boot();
        HugePagePool booted = Pool(next, setting);
        IReadOnlyList<string> messages = [.. next.HugePageMessages];
        using LiveUpdateDevice nextDevice = LiveUpdateDevice.Open(next);
        using LiveUpdateSession retrieved = nextDevice.RetrieveSession("vm");
        using Memfd file = retrieved.RetrieveMemfd(Token);
        retrieved.Finish();
        return new HugeTlbOutcome(fix, before, booted, Pool(next, setting), FreeMemory(next), messages);
    }

    private static Memfd Create(EmulatedProcess kernel, HugeTlbSetting setting) =>
        Memfd.Create(kernel, "guest-memory", setting.Preserved * setting.PageSize, new MemfdOptions { HugePageSize = setting.PageSize });

    private static void Jump(EmulatedProcess kernel, LiveUpdateSession session, string commandLine)
    {
        string image = Path.GetTempFileName();
        try
        {
            EmulatedKernelImage.Write(image, Release);

            KexecImage next = KexecImage.Load(kernel, image, null, commandLine);
            session.HoldUntilKexec();
            next.Reboot();
        }
        catch (EmulatedKexecException)
        {
            // The kernel obeyed.
        }
        finally
        {
            File.Delete(image);
        }
    }

    private static HugePagePool Pool(EmulatedProcess kernel, HugeTlbSetting setting) =>
        kernel.CountHugePages().Single(pool => pool.PageSize == setting.PageSize);

    private static long FreeMemory(EmulatedProcess kernel)
    {
        using var file = new KernelHandle(kernel);
        int fd = file.Take(kernel.Open(MemoryInfo, LibC.O_RDONLY | LibC.O_CLOEXEC));
        Span<byte> text = stackalloc byte[4096];
        nint length = fd < 0 ? fd : kernel.PRead(file, text, 0);
        if (length < 0)
        {
            throw new IOException($"{MemoryInfo} cannot be read: {(Errno)(-length)}.");
        }

        string line = Encoding.ASCII.GetString(text[..(int)length]).Split('\n')
            .Single(static line => line.StartsWith("MemFree:", StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) << 10;
    }
}
