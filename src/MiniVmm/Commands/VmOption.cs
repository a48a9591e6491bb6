using System.CommandLine;
using MiniVmm.Control;

namespace MiniVmm.Commands;

/// <summary>Makes the options that several commands have.</summary>
internal static class VmOption
{
    public static Option<string?> RunFolder() => new("--run-folder")
    {
        Description = "The folder of the VMs' sockets; else $MINIVMM_RUN, else /run/minivmm, for users $XDG_RUNTIME_DIR/minivmm.",
    };

    public static Option<string> Name() => Checked(new Option<string>("--name")
    {
        Description = "The VM's name.", DefaultValueFactory = static _ => "vm1",
    });

    public static Option<string> RequiredName() => Checked(new Option<string>("--name")
    {
        Description = "The VM's name.", Required = true,
    });

    public static Option<string[]> Names(string description) => new("--name")
    {
        Description = description, DefaultValueFactory = static _ => [],
    };

    public static Option<ConsoleKind> Console() => new("--console")
    {
        Description = "Where the guest's console is: here (Ctrl-A h tells the keys), at the socket (minivmm console), or nowhere.",
        DefaultValueFactory = static _ => ConsoleKind.Terminal,
    };

    public static Option<string?> NextKernel() => new("--next-kernel")
    {
        Description = "The kernel to load when SIGUSR1 asks for an update; else the one that is loaded is taken.",
    };

    private static Option<string> Checked(Option<string> option)
    {
        option.Validators.Add(static result =>
        {
            if (result.Tokens is [var token] && VmName.Fault(token.Value) is { } fault)
            {
                result.AddError($"--name: {fault}.");
            }
        });
        return option;
    }
}
