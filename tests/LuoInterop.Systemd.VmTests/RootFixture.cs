using System.Reflection;
using LuoInterop.VmTesting;
using Xunit;

namespace LuoInterop.Systemd.VmTests;

/// <summary>Gives the tests a kernel and a root with systemd, both made once a machine, and the program that keeps a memfd.</summary>
public sealed class RootFixture : IAsyncLifetime
{
    /// <summary>Where the payload's units write what they saw: in the run's root, which every kernel of the run has.</summary>
    internal const string Log = "/var/lib/keeper.log";

    /// <summary>The keeper as the guest sees it.</summary>
    internal const string Keeper = Guest.FilesFolder + "/keeper";

    private string _keeper = "";

    private KernelBuild _kernel = null!;

    private SystemdRoot _root = null!;

    public async Task InitializeAsync()
    {
        _kernel = await KernelBuild.GetAsync(progress: Console.WriteLine);
        _root = await SystemdRoot.GetAsync(progress: Console.WriteLine);
        _keeper = Compile("keeper");
    }

    public Task DisposeAsync() => Task.CompletedTask;

    /// <summary>Makes a program of these tests that is written in C, once a machine.</summary>
    internal static string Compile(string name)
    {
        using Stream source = Assembly.GetExecutingAssembly().GetManifestResourceStream(name + ".c")!;
        byte[] text = new byte[source.Length];
        source.ReadExactly(text);
        return StaticProgram.Compile(name, new Dictionary<string, byte[]> { [name + ".c"] = text });
    }

    /// <summary>Gives a run of a shell script under systemd, with units.</summary>
    /// <param name="kernels">How many kernels the run sees.</param>
    /// <param name="script">The script, which every kernel runs; the first status that is not 0 ends it.</param>
    /// <param name="units">The units' names and texts.</param>
    public VmOptions Script(int kernels, string script, params (string Name, string Text)[] units) => new()
    {
        Kernel = _kernel,
        Root = _root,
        RootFiles = units.ToDictionary(unit => "/etc/systemd/system/" + unit.Name, unit => unit.Text),
        Command = ["/bin/sh", "-euc", script],
        WorkingFolder = "/",
        Files = new Dictionary<string, string> { ["keeper"] = _keeper },
        Accelerator = VmAccelerator.Tcg,
        MemoryMiB = 1024,
        ExpectedKernels = kernels,
    };
}
