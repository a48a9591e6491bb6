using LuoInterop.Tests.Shared;
using LuoInterop.VmTesting;
using Xunit;

namespace LuoInterop.Fleet.Tests;

/// <summary>Gives what the hosts are made of, and runs the playbook as an operator does.</summary>
public sealed class Fleet : IAsyncLifetime
{
    /// <summary>The file that a host has while it is in service.</summary>
    internal const string InService = "/var/lib/in-service";

    private readonly string _folder = Directory.CreateTempSubdirectory("luo-fleet-").FullName;

    internal SshKeys Keys { get; private set; } = null!;

    internal KernelBuild Kernel { get; private set; } = null!;

    internal SystemdRoot Root { get; private set; } = null!;

    /// <summary>Gets a kernel that boots and cannot read what LUO hands over.</summary>
    internal string WrongKernel => Path.Combine(_folder, "wrong-kernel");

    public async Task InitializeAsync()
    {
        Kernel = await KernelBuild.GetAsync(progress: Console.WriteLine);
        Root = await SystemdRoot.GetAsync(["openssh-server", "python3", "iproute2"], progress: Console.WriteLine);
        Keys = new SshKeys(_folder);
        await File.WriteAllBytesAsync(WrongKernel, EditedKernel.Change(await File.ReadAllBytesAsync(Kernel.ImagePath), "luo-v5"));
    }

    public Task DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return Task.CompletedTask;
    }

    /// <summary>Runs <c>fleet/update.yml</c> on hosts, with settings for all of them.</summary>
    internal (int Code, string Output) Update(IEnumerable<FleetHost> hosts, params string[] settings)
    {
        string inventory = Path.Combine(_folder, "hosts.ini");
        File.WriteAllLines(inventory, hosts.Select(static host => host.InventoryLine()));
        string[] words =
        [
            "-i", inventory, "-e", "ansible_user=root ansible_python_interpreter=/usr/bin/python3",
            "-e", $"luo_update_luoctl={Guest.FilesFolder}/luoctl",
            "-e", $"luo_update_drain='rm -f {InService}' luo_update_undrain='touch {InService}'",
            $"--ssh-common-args={string.Join(' ', Keys.Options)}",
            .. settings.SelectMany(static word => new[] { "-e", word }),
            Path.Combine(Repository.Root, "fleet/update.yml"),
        ];
        (int code, string output, string error) = ChildProgram.RunProgram(
            "env", [$"ANSIBLE_HOME={_folder}/ansible", "ANSIBLE_NOCOLOR=1", "ANSIBLE_LOCALHOST_WARNING=0", "ansible-playbook", .. words]);
        return (code, output + error);
    }
}
