using System.CommandLine;
using System.Globalization;
using LuoInterop.Cli.Output;
using LuoInterop.Emulation;
using LuoInterop.Emulation.Server;

namespace LuoInterop.Cli.Emulate;

/// <summary>Holds the options that describe an emulated machine for programs: <c>luoctl emulate</c> and <c>luoctl machine start</c> have
/// the same.</summary>
internal sealed class MachineWords
{
    private const string Kill = "kill";
    private const string Power = "power";

    private static readonly Dictionary<string, KernelCall> s_calls = Enum.GetValues<KernelCall>()
        .ToDictionary(static call => Kebab(call.ToString()), static call => call, StringComparer.Ordinal);

    private readonly Option<string> _release = new("--release")
    {
        Description = "The first kernel's release: 6.18, 6.19, or 7.0 to 7.3.", HelpName = "release",
        DefaultValueFactory = static _ => new EmulatedMachineOptions().Release,
    };

    private readonly Option<string> _line = new("--cmdline")
    {
        Description = "The first kernel's command line.", HelpName = "text",
        DefaultValueFactory = static _ => new EmulatedMachineOptions().CommandLine,
    };

    private readonly Option<string> _next = new("--next-release")
    {
        Description = "The release of the kernel image that the program finds as $LUO_KERNEL; that of the first kernel without it.",
        HelpName = "release",
    };

    private readonly Option<string[]> _faults = new("--fault")
    {
        Description = "What a call of the program meets: CALL=ERRNO, CALL=kill or CALL=power, with :N for the N-th such call, as in "
            + "preserve-fd=ENOMEM:2. May be given again.",
        HelpName = "fault",
    };

    private readonly Option<bool> _everything = new("--trap-everything")
    {
        Description = "Trap every call that looks at a path or a descriptor, also where the kernel's files can be mounted for the "
            + "program: shows KHO's debugfs as it is at every moment, and takes longer.",
    };

    private readonly Option<string> _trace = new("--trace")
    {
        Description = "Write what the programs do into a file, as a litmus script: luoctl replay does the same again.", HelpName = "file",
    };

    public MachineWords()
    {
        _faults.Validators.Add(static result =>
        {
            foreach (string fault in result.GetValueOrDefault<string[]>() ?? [])
            {
                if (!TryArm(fault, null))
                {
                    result.AddError($"'{fault}' is no fault; it is CALL=ERRNO, CALL=kill or CALL=power, and :N where it is the N-th, with "
                        + $"a call of {string.Join(", ", s_calls.Keys)}");
                }
            }
        });
    }

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_release, _line, _next, _faults, _everything, _trace])
        {
            command.Options.Add(option);
        }
    }

    /// <summary>Gives the words again, for another process of this program.</summary>
    public IEnumerable<string> Words(ParseResult arguments)
    {
        yield return "--release";
        yield return arguments.GetValue(_release)!;
        yield return "--cmdline";
        yield return arguments.GetValue(_line)!;
        if (arguments.GetValue(_next) is { } next)
        {
            yield return "--next-release";
            yield return next;
        }

        foreach (string fault in arguments.GetValue(_faults) ?? [])
        {
            yield return "--fault";
            yield return fault;
        }

        if (arguments.GetValue(_everything))
        {
            yield return "--trap-everything";
        }

        if (arguments.GetValue(_trace) is { } trace)
        {
            yield return "--trace";
            yield return Path.GetFullPath(trace);
        }
    }

    /// <summary>Opens the file that the trace goes into, anew; null where none is wanted.</summary>
    public StreamWriter? OpenTrace(ParseResult arguments) => arguments.GetValue(_trace) is { } path ? new StreamWriter(path) : null;

    /// <summary>Makes the machine.</summary>
    /// <exception cref="CommandFailure">An option is out of range.</exception>
    public ProgramMachine Create(ParseResult arguments, string? folder, TextWriter? trace, Action<ProgramEvent>? happened)
    {
        try
        {
            var machine = new ProgramMachine(new ProgramMachineOptions
            {
                Machine = new EmulatedMachineOptions
                {
                    Release = arguments.GetValue(_release)!,
                    CommandLine = arguments.GetValue(_line)!,
                },
                NextRelease = arguments.GetValue(_next),
                TrapsEverything = arguments.GetValue(_everything),
                Folder = folder,
                Trace = trace,
                Happened = happened,
            });
            foreach (string fault in arguments.GetValue(_faults) ?? [])
            {
                _ = TryArm(fault, machine.Machine.Faults);
            }

            return machine;
        }
        catch (Exception error) when (error is ArgumentException or PlatformNotSupportedException)
        {
            throw new CommandFailure(error.Message.Split(" (Parameter")[0].TrimEnd('.'));
        }
    }

    private static bool TryArm(string text, FaultInjection? faults)
    {
        string[] parts = text.Split('=', 2);
        string[] effect = parts[^1].Split(':', 2);
        int nth = 1;
        if (parts.Length < 2 || !s_calls.TryGetValue(parts[0], out KernelCall call)
            || (effect.Length == 2 && (!int.TryParse(effect[1], NumberStyles.None, CultureInfo.InvariantCulture, out nth) || nth < 1)))
        {
            return false;
        }

        bool isErrno = Enum.TryParse(effect[0], out Errno errno) && Enum.IsDefined(errno) && errno != Errno.None;
        if (!isErrno && effect[0] is not (Kill or Power))
        {
            return false;
        }

        _ = faults is null ? null
            : effect[0] == Kill ? faults.KillProcess(call, nth)
            : effect[0] == Power ? faults.CutPower(call, nth)
            : faults.FailCall(call, errno, nth);
        return true;
    }

    // PreserveFd is preserve-fd, and PRead pread.
    private static string Kebab(string name)
    {
        var text = new System.Text.StringBuilder();
        for (int i = 0; i < name.Length; i++)
        {
            if (i > 0 && char.IsUpper(name[i]) && !char.IsUpper(name[i - 1]))
            {
                text.Append('-');
            }

            text.Append(char.ToLowerInvariant(name[i]));
        }

        return text.ToString();
    }
}
