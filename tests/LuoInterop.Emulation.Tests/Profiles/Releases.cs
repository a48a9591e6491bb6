using LuoInterop.Kho;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Profiles;

/// <summary>Boots the releases that can be emulated, and goes from one to another.</summary>
internal static class Releases
{
    public const string Kho = "/sys/kernel/debug/kho";
    public const string On = "kho=on liveupdate=on";

    /// <summary>All series, the oldest first.</summary>
    public static readonly string[] All = ["6.18", "6.19", "7.0", "7.1", "7.2", "7.3"];

    /// <summary>Makes a machine that boots a release first.</summary>
    public static EmulatedMachine Machine(string release, string commandLine = On) =>
        new(new EmulatedMachineOptions { Release = release + ".6", CommandLine = commandLine });

    /// <summary>Loads a release, after KHO was finalized where that has to be done by hand.</summary>
    public static int LoadRelease(this Kernel kernel, string release, string commandLine = On)
    {
        if (kernel.Release.StartsWith("6.18", StringComparison.Ordinal))
        {
            Assert.Contains(kernel.WriteFile(Kho + "/out/finalize", "1\n"), (nint[])[2, EEXIST]);
        }

        return kernel.Load(release + ".6", commandLine);
    }

    /// <summary>Goes on in another release.</summary>
    public static EmulatedProcess Kexec(this EmulatedMachine machine, string release, string commandLine)
    {
        EmulatedProcess kernel = machine.Kernel.StartProcess();
        Assert.Equal(0, kernel.LoadRelease(release, commandLine));
        Assert.Throws<EmulatedKexecException>(() => Assert.Fail($"reboot(KEXEC) returned {kernel.Reboot(KexecCommand)}."));
        return machine.Boot();
    }

    /// <summary>Writes a text to a file that is there: the bytes, or <c>-errno</c>.</summary>
    public static nint WriteFile(this Kernel kernel, string path, string text)
    {
        using var file = new Descriptor(kernel, kernel.Open(path, O_WRONLY));
        return kernel.Write(file, System.Text.Encoding.ASCII.GetBytes(text));
    }

    /// <summary>Lists a folder, sorted.</summary>
    public static string[] Names(this Kernel kernel, string path)
    {
        Assert.Equal(0, kernel.ReadDirectory(path, out string[] names));
        return [.. names.Order(StringComparer.Ordinal)];
    }

    /// <summary>Reads the number that LUO's outgoing blob holds, as the library shows it.</summary>
    public static ulong LiveUpdateNumber(this Kernel kernel) => new KhoDebugFs(kernel).ReadLuo(KhoDirection.Out).Value.LiveUpdateNumber;
}
