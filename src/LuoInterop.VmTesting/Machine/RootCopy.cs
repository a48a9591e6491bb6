using System.ComponentModel;
using System.Diagnostics;

namespace LuoInterop.VmTesting.Machine;

/// <summary>Makes the copy of a root that one run may change.</summary>
internal static class RootCopy
{
    internal const string Systemd = "/usr/lib/systemd/systemd";
    private const string PayloadUnit = "luo-payload.service";
    private const string Units = "etc/systemd/system";

    /// <summary>Copies all but /usr, which is shared, and adds the files, the payload's unit and the machine's identity.</summary>
    /// <exception cref="VmSetupException">The caller is not root, or the copy failed.</exception>
    internal static void Make(SystemdRoot root, string target, IReadOnlyDictionary<string, string> files)
    {
        if (!Environment.IsPrivilegedProcess)
        {
            throw new VmSetupException("A VM with VmOptions.Root needs root on the host: the files of its root keep their owners.");
        }

        Directory.CreateDirectory(target);
        IEnumerable<string> copied = Directory.EnumerateFileSystemEntries(root.Files).Where(static path => Path.GetFileName(path) != "usr");
        Copy([.. copied], target);
        Directory.CreateDirectory(Path.Combine(target, "usr"));
        Write(target, "/etc/machine-id", Guid.NewGuid().ToString("N") + "\n");
        if (!files.ContainsKey("/etc/hostname"))
        {
            Write(target, "/etc/hostname", "luo\n");
        }

        foreach ((string path, string content) in files)
        {
            Write(target, path, content);
        }

        // KillMode: the payload hears of its end from luo-guest, which then sends what it wrote.
        Write(
            target,
            $"/{Units}/{PayloadUnit}",
            """
            [Unit]
            Description=Payload of the VM's run
            After=basic.target dbus.socket systemd-user-sessions.service

            [Service]
            ExecStart=/run/luo/luo-guest serve
            KillMode=mixed
            TimeoutStopSec=30
            StandardOutput=journal+console
            LimitNOFILE=1048576

            """);
        string wants = Path.Combine(target, Units, "multi-user.target.wants");
        Directory.CreateDirectory(wants);
        File.CreateSymbolicLink(Path.Combine(wants, PayloadUnit), $"../{PayloadUnit}");
    }

    private static void Write(string target, string path, string content)
    {
        string file = Path.Join(target, path);
        string folder = Path.GetDirectoryName(file)!;

        // A link of the root leads out of it, when it is followed on the host.
        for (string? at = folder; at is not null && at.Length > target.Length; at = Path.GetDirectoryName(at))
        {
            if (new FileInfo(at).LinkTarget is { } link)
            {
                throw new VmSetupException($"{path} cannot be written into the root: {at[target.Length..]} is a link to {link}.");
            }
        }

        Directory.CreateDirectory(folder);
        File.Delete(file);
        File.WriteAllText(file, content);
    }

    private static void Copy(string[] sources, string target)
    {
        ProcessStartInfo start = new("cp", ["-a", "--reflink=auto", "--", .. sources, target]) { RedirectStandardError = true };
        try
        {
            using Process copy = Process.Start(start)!;
            string errors = copy.StandardError.ReadToEnd();
            copy.WaitForExit();
            if (copy.ExitCode != 0)
            {
                throw new VmSetupException($"The root could not be copied to {target}: {errors.TrimEnd()}");
            }
        }
        catch (Win32Exception e)
        {
            throw new VmSetupException("cp is missing; it copies the root: apt-get install coreutils.", e);
        }
    }
}
