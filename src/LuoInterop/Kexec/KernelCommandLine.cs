using LuoInterop.Interop;
using LuoInterop.KernelImages;

namespace LuoInterop;

/// <summary>Carries a kernel's command line on to the next kernel.</summary>
/// <remarks>Thread-safe. Sources: setup_arch() of <c>arch/x86/kernel/setup.c</c>, setup_command_line() of <c>init/main.c</c>,
/// <c>lib/bootconfig.c</c>.</remarks>
public static class KernelCommandLine
{
    private const int MaximumBootConfigBytes = 1 << 20;

    // Not those of .NET: other bytes of UTF-8 are among them.
    private static readonly char[] Spaces = [' ', '\t', '\n', '\v', '\f', '\r'];

    // A boot loader's name for the image that it started, and what kexec adds for a crash kernel only.
    private static readonly string[] Loaders = ["BOOT_IMAGE", "elfcorehdr", "dmcryptkeys"];

    /// <summary>Gives the running kernel's command line without what that kernel added by itself: the line to pass on, which no
    /// number of updates makes longer.</summary>
    /// <remarks>
    /// <para><see cref="Kernel.CommandLine"/>, which is <c>/proc/cmdline</c>, begins with what is built into the kernel (CONFIG_CMDLINE of
    /// x86) and with the keys of its bootconfig (also CONFIG_CMDLINE_FROM_BOOTCONFIG, since 7.3). A kernel that is built in the same way
    /// adds them again, so that a line passed on as it is grows until kexec_file_load refuses it, or the kernel cuts its end off.</para>
    /// <para>What was added is known from the configuration that the kernel or its packages show, and from
    /// <c>/proc/bootconfig</c>. Where the
    /// configuration is not shown, words at the beginning that come again later are left out: one copy too many stays, and no more. Which
    /// of two parameters of a name is last stays as it is. Left out too are <c>BOOT_IMAGE=</c>, and
    /// <c>elfcorehdr=</c> and <c>dmcryptkeys=</c> of a crash kernel. Where live update or KHO is on and only the part left out said so,
    /// <c>liveupdate=on</c> or <c>kho=on</c> is put in front.</para>
    /// </remarks>
    /// <param name="kernel">The running kernel.</param>
    public static string Reuse(Kernel kernel)
    {
        ArgumentNullException.ThrowIfNull(kernel);
        string line = KernelParameter.ToBytes(kernel.CommandLine);
        KernelConfiguration? configuration = ConfigurationFiles.OfRunningKernel(kernel);
        BootConfig bootConfig = ReadBootConfig(kernel);
        bool fromBootConfig = configuration?.Has("CONFIG_CMDLINE_FROM_BOOTCONFIG") == true;
        (string early, string init) = Divide(line);
        (early, bool hadKeys) = WithoutAdded(early, bootConfig, BuiltIn(configuration));
        if (configuration is null || (fromBootConfig && !hadKeys))
        {
            early = WithoutRepetition(early);
        }

        // What the kernel adds late, its early code did not see.
        string seen = !fromBootConfig && bootConfig.TryTakeKernel(line.TrimStart(Spaces), out string rest) ? rest : line;
        foreach (string name in (ReadOnlySpan<string>)["kho", "liveupdate"])
        {
            if (Switch(seen, name) == true && Switch(early, name) != true)
            {
                early = $"{name}=on {early}";
            }
        }

        init = bootConfig.WithoutInit(init);
        early = early.Trim(Spaces);
        return KernelParameter.ToText(init.Length > 0 ? $"{early} -- {init}".Trim(Spaces) : early);
    }

    private static bool? Switch(string line, string name) => KernelParameter.Switch(KernelParameter.ReadBytes(line), name);

    // CONFIG_CMDLINE stands before the line that the kernel was given on x86 alone, which alone has CONFIG_CMDLINE_BOOL of the two.
    private static string BuiltIn(KernelConfiguration? configuration) =>
        configuration?.Has("CONFIG_CMDLINE_BOOL") == true && configuration.Has("CONFIG_CMDLINE_OVERRIDE") != true
            ? KernelParameter.ToBytes(configuration.Text("CONFIG_CMDLINE") ?? "")
            : "";

    private static BootConfig ReadBootConfig(Kernel kernel) =>
        KernelFile.Read(kernel, "/proc/bootconfig", MaximumBootConfigBytes, out byte[] content) == 0
            ? BootConfig.Parse(System.Text.Encoding.Latin1.GetString(content))
            : BootConfig.None;

    // At the first word that is two dashes, as the kernel finds it.
    private static (string Early, string Init) Divide(string line)
    {
        for (int at = KernelParameter.SkipSpaces(line, 0); at < line.Length;)
        {
            int start = at;
            if (KernelParameter.Next(line, ref at) is { Name: "--", Value: null })
            {
                return (line[..start], line[at..]);
            }
        }

        return (line, "");
    }

    private static (string Line, bool HadKeys) WithoutAdded(string line, BootConfig bootConfig, string builtIn)
    {
        bool hadKeys = false;
        line = WithoutLoaders(line);
        builtIn = builtIn.Trim(' ');
        while (true)
        {
            string before = line;
            line = line.TrimStart(' ');
            if (bootConfig.TryTakeKernel(line, out string rest))
            {
                (line, hadKeys) = (rest, true);
            }

            if (builtIn.Length > 0 && line.StartsWith(builtIn, StringComparison.Ordinal) && (line.Length == builtIn.Length
                || line[builtIn.Length] == ' '))
            {
                line = line[builtIn.Length..];
            }

            if (line.Length == before.Length)
            {
                return (line, hadKeys);
            }
        }
    }

    private static string WithoutLoaders(string line)
    {
        for (int at = KernelParameter.SkipSpaces(line, 0); at < line.Length;)
        {
            int start = at;
            if (Loaders.Contains(KernelParameter.Next(line, ref at).Name, StringComparer.Ordinal))
            {
                line = line[..start] + line[at..];
                at = start;
            }
        }

        return line;
    }

    // What is built in is a run at the front of which each word comes again, so that one copy of it stays, and no more. Of huge
    // pages' words the order counts: they go only with a run that stands there twice.
    private static string WithoutRepetition(string line)
    {
        var words = new List<string>();
        for (int at = KernelParameter.SkipSpaces(line, 0); at < line.Length;)
        {
            int start = at;
            KernelParameter.Next(line, ref at);
            words.Add(line[start..at].TrimEnd(Spaces));
        }

        for (int length = words.Count / 2; length > 0; length--)
        {
            if (words.Take(length).SequenceEqual(words.Skip(length).Take(length)) && words.Take(length).Any(IsOfHugePages))
            {
                words.RemoveRange(0, length);
                break;
            }
        }

        int repeated = 0;
        while (repeated < words.Count && !IsOfHugePages(words[repeated]) && words.LastIndexOf(words[repeated]) > repeated)
        {
            repeated++;
        }

        return string.Join(' ', words.Skip(repeated));
    }

    private static bool IsOfHugePages(string word) => word.Contains("hugepages", StringComparison.Ordinal);
}
