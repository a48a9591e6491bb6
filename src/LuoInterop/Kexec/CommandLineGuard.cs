using LuoInterop.KernelImages;

namespace LuoInterop;

/// <summary>Refuses a command line with which the next kernel would lose every preserved file.</summary>
internal static class CommandLineGuard
{
    /// <exception cref="ArgumentException">The next kernel would have KHO or live update off.</exception>
    public static void Check(Kernel kernel, string commandLine)
    {
        IReadOnlyList<KernelParameter> parameters = KernelParameter.Read(commandLine);
        if (KernelParameter.Switch(parameters, "liveupdate") != true)
        {
            throw new ArgumentException(
                $"The command line does not switch live update on ({Said(parameters, "liveupdate")}): the next kernel would have no "
                    + "/dev/liveupdate, and every preserved file would be lost. Add liveupdate=on, or pass "
                    + "KexecLoadOptions.WithoutLiveUpdate if that is meant.",
                nameof(commandLine));
        }

        if (KernelParameter.Switch(parameters, "kho") == false)
        {
            throw new ArgumentException(
                $"The command line switches KHO off ({Said(parameters, "kho")}): every preserved file would be lost. Remove it, or "
                    + "pass KexecLoadOptions.WithoutLiveUpdate if that is meant.",
                nameof(commandLine));
        }

        // Whether KHO is on by default is the next kernel's configuration, which cannot be asked. Who switched it on here
        // most likely has to there.
        if (KernelParameter.Switch(parameters, "kho") is null
            && KernelParameter.Switch(KernelParameter.Read(kernel.CommandLine), "kho") == true)
        {
            throw new ArgumentException(
                $"The running kernel was booted with kho=on, and the command line does not switch KHO on ({Said(parameters, "kho")}): "
                    + "where it is not the next kernel's default, every preserved file would be lost. Add kho=on, or pass "
                    + "KexecLoadOptions.WithoutLiveUpdate if that is meant.",
                nameof(commandLine));
        }
    }

    // The parameters as the kernel reads them, which may be others than meant.
    private static string Said(IReadOnlyList<KernelParameter> parameters, string name)
    {
        string[] said = [.. parameters.Where(parameter => parameter.Is(name))
            .Select(static parameter => parameter.Value is { } value ? $"{parameter.Name}={value}" : parameter.Name)];
        return said.Length == 0 ? $"the kernel reads no {name}= in it" : $"the kernel reads {string.Join(' ', said)}";
    }
}
