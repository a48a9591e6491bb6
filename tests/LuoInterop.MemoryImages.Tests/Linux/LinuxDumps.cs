using System.Text;
using System.Text.Json.Nodes;
using LuoInterop.HandoverBytes.Payload;
using LuoInterop.VmTesting;
using Xunit;

namespace LuoInterop.MemoryImages.Tests.Linux;

/// <summary>Boots Linux 7.3, lets it hand over to the next kernel, and has QEMU dump that one's memory in every format it has.</summary>
public abstract class LinuxDumps : IAsyncLifetime
{
    private readonly List<string> _formats = ["raw"];

    protected abstract string Mode { get; }

    /// <summary>Gets what the console says when it is time to dump.</summary>
    protected virtual string Said => Mode;

    /// <summary>Gets whether it is dumped in QEMU's formats too, and not only as it is.</summary>
    protected virtual bool IsDumpedByQemu => true;

    /// <summary>Gets what was written: every format that this QEMU has (lzo and snappy are options of its build), and the file that holds
    /// the memory.</summary>
    public IReadOnlyList<string> Formats => _formats;

    internal string Folder { get; } = Directory.CreateTempSubdirectory("luo-dumps-").FullName;

    internal IReadOnlyList<MadeSession> Made { get; private set; } = [];

    internal string Console { get; private set; } = "";

    internal IReadOnlyList<GuestFile> Files { get; private set; } = [];

    internal string PathOf(string format) => Path.Combine(Folder, format);

    public async Task InitializeAsync()
    {
        string socket = PathOf("qmp");
        var waits = new TaskCompletionSource();
        using var cancellation = new CancellationTokenSource();
        Task<VmResult> run = VirtualMachine.RunAsync(
            new VmOptions
            {
                Kernel = await KernelBuild.GetAsync(),
                Command = ["dotnet", typeof(Dumped).Assembly.Location, Mode],
                MemoryMiB = 512,
                MemoryImage = PathOf("raw"),
                ExpectedKernels = 2,

                // A kernel that has panicked is done, and is dumped all the same.
                PowerOffTimeLimit = TimeSpan.FromMinutes(5),
                KernelCommandLine = ["nokaslr", "no5lvl"],
                QemuArguments = ["-qmp", $"unix:{socket},server=on,wait=off", "-no-shutdown"],
                Output = line =>
                {
                    if (line.Text.Contains(Said, StringComparison.Ordinal) || line.Text.Contains("Kernel panic", StringComparison.Ordinal))
                    {
                        waits.TrySetResult();
                    }
                },
            },
            cancellation.Token);
        if (await Task.WhenAny(run, waits.Task) == waits.Task)
        {
            try
            {
                await DumpAsync(socket);
            }
            catch (IOException error)
            {
                throw new IOException($"{error.Message} {await run}", error);
            }
        }

        VmResult result = await run;
        Console = result.Console;
        Files = result.Files;
        GuestFile made = Assert.Single(result.Files, static file => file.Name == "made");
        Made = MadeSession.Parse(Encoding.UTF8.GetString(made.Content.Span));
    }

    public Task DisposeAsync()
    {
        Directory.Delete(Folder, recursive: true);
        return Task.CompletedTask;
    }

    private async Task DumpAsync(string socket)
    {
        using Qmp qmp = await Qmp.ConnectAsync(socket);
        if (Mode == Dumped.Panicking)
        {
            // panic=-1 restarts the machine, which stays where it is.
            while ((await qmp.RunAsync("query-status"))!["running"]!.GetValue<bool>())
            {
                await Task.Delay(100);
            }
        }
        else
        {
            await qmp.RunAsync("stop");
        }

        JsonNode known = (await qmp.RunAsync("query-dump-guest-memory-capability"))!;
        foreach (string format in known["formats"]!.AsArray().Select(static format => format!.GetValue<string>())
            .Where(format => IsDumpedByQemu && (format == "elf" || format.StartsWith("kdump", StringComparison.Ordinal))))
        {
            await qmp.RunAsync(
                "dump-guest-memory",
                new JsonObject { ["paging"] = false, ["protocol"] = $"file:{PathOf(format)}", ["format"] = format });
            _formats.Add(format);
        }

        await qmp.QuitAsync();
    }
}

/// <summary>Dumps the next kernel while it runs, before anyone has opened the device.</summary>
public sealed class WaitingLinux : LinuxDumps
{
    protected override string Mode => Dumped.Waiting;
}

/// <summary>Dumps the next kernel after it panicked over what it was given.</summary>
public sealed class PanickedLinux : LinuxDumps
{
    protected override string Mode => Dumped.Panicking;
}

/// <summary>Dumps the next kernel when a program has retrieved some of the files and keeps them open.</summary>
public sealed class RetrievingLinux : LinuxDumps
{
    protected override string Mode => Dumped.Retrieving;

    protected override bool IsDumpedByQemu => false;
}

/// <summary>Dumps the kernel that hands over, when it has written its sessions down and shuts its devices down.</summary>
public sealed class LeavingLinux : LinuxDumps
{
    protected override string Mode => Dumped.Leaving;

    protected override string Said => Dumped.ShutsDown;

    protected override bool IsDumpedByQemu => false;
}
