using System.Globalization;
using System.Net;
using System.Net.Sockets;
using LuoInterop.Tests.Shared;
using LuoInterop.VmTesting;

namespace LuoInterop.Fleet.Tests;

/// <summary>Is a host of the fleet: a VM with systemd, a cache that keeps its memory, and sshd behind a port of this machine.</summary>
internal sealed class FleetHost : IAsyncDisposable
{
    /// <summary>What the console says once a kernel's user space runs, before sshd does.</summary>
    private const string Up = "fleet: kernel ";

    private const string Files = Guest.FilesFolder;

    /// <summary>The kernel that the harness booted first, as the guest sees it.</summary>
    public const string Kernel = "/run/luo/bzImage";

    private const string NetworkUnit = $"""
        [Unit]
        DefaultDependencies=no
        [Service]
        Type=oneshot
        RemainAfterExit=yes
        ExecStart=/bin/sh -c 'echo "{Up}$(/run/luo/luo-guest stage) is up" > /dev/console'
        ExecStart=/bin/sh -c 'ln -sf {Kernel} "/boot/vmlinuz-$(uname -r)"'
        ExecStart=/usr/sbin/ip link set lo up
        ExecStart=/usr/sbin/ip link set eth0 up
        ExecStart=/usr/sbin/ip address add 10.0.2.15/24 dev eth0

        """;

    // The harness's files of a root are readable by all; a host's key must not be.
    private const string SshUnit = """
        [Unit]
        Requires=fleet-network.service
        After=fleet-network.service
        [Service]
        RuntimeDirectory=sshd
        ExecStartPre=/usr/bin/install -m 600 /etc/ssh/fleet_key /run/sshd/key
        ExecStart=/usr/sbin/sshd -D -e -f /etc/ssh/fleet_config

        """;

    private const string SshConfiguration = """
        HostKey /run/sshd/key
        AuthorizedKeysFile /etc/ssh/fleet_authorized
        PermitRootLogin prohibit-password
        PasswordAuthentication no
        UsePAM no
        UseDNS no
        Subsystem sftp internal-sftp

        """;

    private const string CacheUnit = $"""
        [Unit]
        Description=Cache of the host
        [Service]
        Type=notify
        ExecStart={Files}/luo-cache --memory 64
        DynamicUser=yes
        FileDescriptorStoreMax=2
        FileDescriptorStorePreserve=yes

        """;

    private readonly CancellationTokenSource _power = new();
    private readonly TaskCompletionSource _up = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SshKeys _keys;
    private readonly Task<VmResult> _run;
    private int _losesPowerAt = int.MaxValue;

    public FleetHost(string name, int kernels, Fleet fleet, Action<string> log)
    {
        (Name, Port, _keys) = (name, FreePort(), fleet.Keys);
        _run = VirtualMachine.RunAsync(
            new VmOptions
            {
                Kernel = fleet.Kernel,
                Root = fleet.Root,
                RootFiles = new Dictionary<string, string>
                {
                    ["/etc/hostname"] = name + "\n",
                    ["/etc/systemd/system/fleet-network.service"] = NetworkUnit,
                    ["/etc/systemd/system/fleet-ssh.service"] = SshUnit,
                    ["/etc/systemd/system/luo-cache.service"] = CacheUnit,
                    ["/etc/ssh/fleet_config"] = SshConfiguration,
                    ["/etc/ssh/fleet_key"] = fleet.Keys.Private,
                    ["/etc/ssh/fleet_authorized"] = fleet.Keys.Public,
                },
                Files = new Dictionary<string, string>
                {
                    ["luo-cache"] = NativePrograms.Cache,
                    ["luoctl"] = NativePrograms.Luoctl,
                    ["wrong-kernel"] = fleet.WrongKernel,
                },

                // The host's life: it serves until the test says that it is over, with a cache or without.
                Command =
                [
                    "/bin/sh", "-euc",
                    "systemctl start fleet-ssh; systemctl start luo-cache || true; until [ -e /var/lib/fleet-over ]; do sleep 5; done",
                ],
                WorkingFolder = "/",
                Accelerator = VmAccelerator.Tcg,
                Cpus = 1,
                MemoryMiB = 1024,
                KernelCommandLine = ["net.ifnames=0"],
                QemuArguments =
                [
                    "-netdev", string.Create(CultureInfo.InvariantCulture, $"user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{Port}-:22"),
                    "-device", "virtio-net-pci,netdev=net,romfile=",
                ],
                ExpectedKernels = kernels,
                TimeLimit = TimeSpan.FromMinutes(90),
                KernelTimeLimit = TimeSpan.FromMinutes(90),
                Output = line =>
                {
                    log($"{name}: {line.Text}");
                    Look(line.Text);
                },
            },
            _power.Token);
    }

    public string Name { get; }

    public int Port { get; }

    /// <summary>Gets or sets the path of the kernel that the next update starts.</summary>
    public string NextKernel { get; set; } = Kernel;

    /// <summary>Gets or sets how many seconds the next update waits for the host.</summary>
    public int Timeout { get; set; } = 600;

    /// <summary>Runs a command on the host; throws where it does not end with 0.</summary>
    public string Run(string command)
    {
        (int code, string output, string error) = TryRun(command);
        return code == 0 ? output.Trim() : throw new InvalidOperationException($"{Name}: '{command}' ended with {code}: {error}");
    }

    /// <summary>Gives the number of the kernel that runs, 1 for the cold boot.</summary>
    public int Stage() => int.Parse(Run("/run/luo/luo-guest stage"), CultureInfo.InvariantCulture);

    /// <summary>Gives the host's line of an inventory for its next update; the next kernel's line is that of the present one, with its own
    /// number.</summary>
    public string InventoryLine()
    {
        int stage = Stage();
        string line = Run("cat /proc/cmdline").Replace(
            $"luo.stage={stage}", $"luo.stage={stage + 1}", StringComparison.Ordinal);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"{Name} ansible_host=127.0.0.1 ansible_port={Port} luo_update_image={NextKernel} luo_update_initrd={Guest.InitrdPath} "
                + $"luo_update_timeout={Timeout} luo_update_cmdline='{line}'");
    }

    /// <summary>Waits until the host answers; throws where it ended before.</summary>
    public async Task WaitAsync()
    {
        await await Task.WhenAny(_up.Task, _run);
        while (TryRun("true").Code != 0)
        {
            if (_run.IsCompleted)
            {
                throw new InvalidOperationException($"{Name} ended: {await _run}");
            }

            await Task.Delay(1000);
        }
    }

    /// <summary>Has the cache's unit removed on the way down, after it was written down what is to come back.</summary>
    public void LoseCacheOnTheWayDown() => Run(
        "systemd-run -q --unit=mistake -p RemainAfterExit=yes -p ExecStop='/bin/rm /etc/systemd/system/luo-cache.service' /bin/true");

    /// <summary>Tells whether the playbook took the host back into service.</summary>
    public bool IsInService() => TryRun($"test -e {Fleet.InService}").Code == 0;

    /// <summary>Takes the power away when the kernel of that number is up, before the host answers.</summary>
    public void LosePowerAt(int stage) => _losesPowerAt = stage;

    /// <summary>Gets whether the power was taken away.</summary>
    public bool HasLostPower => _power.IsCancellationRequested;

    /// <summary>Ends the host's life, and gives what its machine saw.</summary>
    public Task<VmResult> EndAsync()
    {
        Run("touch /var/lib/fleet-over");
        return _run;
    }

    public async ValueTask DisposeAsync()
    {
        await _power.CancelAsync();
        await ((Task)_run).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _power.Dispose();
    }

    private (int Code, string Output, string Error) TryRun(string command) => ChildProgram.RunProgram(
        "ssh", [.. _keys.Options, "-p", Port.ToString(CultureInfo.InvariantCulture), "root@127.0.0.1", command]);

    private void Look(string line)
    {
        if (!line.StartsWith(Up, StringComparison.Ordinal))
        {
            return;
        }

        _up.TrySetResult();
        if (int.Parse(line.Split(' ')[2], CultureInfo.InvariantCulture) >= _losesPowerAt)
        {
            _power.Cancel();
        }
    }

    private static int FreePort()
    {
        using TcpListener listener = new(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
