using System.CommandLine;
using System.Text.Json;
using MiniVmm.Control;

namespace MiniVmm.Commands;

/// <summary>Holds the commands that ask running VMs for something.</summary>
internal static class VmCommands
{
    public static IEnumerable<Command> Create()
    {
        yield return CreateStatus("list", "Lists the VMs that run.");
        yield return CreateStatus("status", "Says of VMs how they are.");
        yield return CreateWord("pause", "Stops a VM's vCPUs.", ControlWord.Pause, "is paused");
        yield return CreateWord("unpause", "Lets a paused VM's vCPUs run on.", ControlWord.Resume, "runs");
        yield return CreateWord("stop", "Ends VMs, or gives up the memory that is held for them.", ControlWord.Stop, "has ended");
        yield return CreateHandoff();
    }

    /// <summary>Asks VMs for something that is a word, one after the other.</summary>
    public static Task<int> AskAllAsync(RunFolder folder, string[] names, string word, string done) =>
        Messages.GuardAsync(cancellation => AskEachAsync(folder, names, word, done, cancellation));

    private static async Task<int> AskEachAsync(
        RunFolder folder, string[] names, string word, string done, CancellationToken cancellation)
    {
        List<ControlClient> vms = ControlClient.ConnectAll(folder, names);
        try
        {
            if (vms.Count == 0)
            {
                throw new ControlException($"no VM runs in {folder.FolderPath}.");
            }

            int code = VmHost.Ok;
            foreach (ControlClient vm in vms)
            {
                try
                {
                    await vm.AskAsync(word, cancellation);
                    Messages.Say($"{vm.Name} {done}");
                }
                catch (ControlException error)
                {
                    Messages.Say(error.Message);
                    code = VmHost.Failure;
                }
            }

            return code;
        }
        finally
        {
            vms.ForEach(static vm => vm.Dispose());
        }
    }

    private static Command CreateStatus(string word, string description)
    {
        Option<string[]> names = VmOption.Names("A VM; may be given several times. All that run by default.");
        var json = new Option<bool>("--json") { Description = "Writes one JSON array of all that a VM says, times in nanoseconds." };
        Option<string?> folder = VmOption.RunFolder();
        var command = new Command(word, description) { names, json, folder };
        command.SetAction((arguments, _) => Messages.GuardAsync(async cancellation =>
        {
            List<ControlClient> vms = ControlClient.ConnectAll(RunFolder.Choose(arguments.GetValue(folder)), arguments.GetValue(names)!);
            try
            {
                List<VmStatus> all = [];
                foreach (ControlClient vm in vms)
                {
                    all.Add(await vm.StatusAsync(cancellation));
                }

                Write(all, arguments.GetValue(json));
                return VmHost.Ok;
            }
            finally
            {
                vms.ForEach(static vm => vm.Dispose());
            }
        }));
        return command;
    }

    private static void Write(List<VmStatus> vms, bool json)
    {
        if (json)
        {
            Console.Out.WriteLine(JsonSerializer.Serialize(vms, StatusJson.Default.IReadOnlyListVmStatus));
            return;
        }

        foreach (string line in StatusTable.Lines(vms))
        {
            Console.Out.WriteLine(line);
        }
    }

    private static Command CreateWord(string word, string description, string request, string done)
    {
        Option<string[]> names = VmOption.Names("The VM; may be given several times.");
        var all = new Option<bool>("--all") { Description = "All that run." };
        Option<string?> folder = VmOption.RunFolder();
        var command = new Command(word, description) { names, all, folder };
        command.Validators.Add(result =>
        {
            if (result.GetValue(names) is { Length: > 0 } == result.GetValue(all))
            {
                result.AddError("Name the VMs by --name, or say --all.");
            }
        });
        command.SetAction((arguments, _) =>
            AskAllAsync(RunFolder.Choose(arguments.GetValue(folder)), arguments.GetValue(names)!, request, done));
        return command;
    }

    private static Command CreateHandoff()
    {
        Option<string> name = VmOption.RequiredName();
        var program = new Option<string?>("--program")
        {
            Description = "The program to start, an executable or a .dll for dotnet; else the VM's own, which may have been replaced.",
        };
        Option<string?> folder = VmOption.RunFolder();
        var command = new Command(
            "handoff", "Moves a guest, or one that waits to be resumed, into a new process of the program, without a kexec.")
        {
            name, program, folder,
        };
        command.SetAction((arguments, _) => Messages.GuardAsync(async cancellation =>
        {
            using ControlClient vm = ControlClient.Connect(RunFolder.Choose(arguments.GetValue(folder)), arguments.GetValue(name)!);
            ControlAnswer answer = await vm.AskAsync(
                new ControlRequest { Request = ControlWord.Handoff, Program = ProgramOf(arguments.GetValue(program)) }, cancellation);
            Messages.Say($"{vm.Name} goes on in process {answer.ProcessId}"
                + (answer.StoodStill is { } stoodStill ? $"; the guest stood still for {StatusTable.Duration(stoodStill)}" : ""));
            return VmHost.Ok;
        }));
        return command;
    }

    private static string[]? ProgramOf(string? path) => path is null ? null
        : path.EndsWith(".dll", StringComparison.Ordinal) ? ["dotnet", Path.GetFullPath(path)]
        : [Path.GetFullPath(path)];
}
