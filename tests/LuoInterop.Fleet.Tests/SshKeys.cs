using LuoInterop.Tests.Shared;

namespace LuoInterop.Fleet.Tests;

/// <summary>Is a pair of keys for a run: the hosts know each other and the test by it.</summary>
internal sealed class SshKeys
{
    private readonly string _path;

    /// <summary>Makes a pair in a folder.</summary>
    public SshKeys(string folder)
    {
        _path = Path.Combine(folder, "key");
        (int code, string output, string error) = ChildProgram.RunProgram("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", _path);
        if (code != 0)
        {
            throw new InvalidOperationException(output + error);
        }
    }

    public string Private => File.ReadAllText(_path);

    public string Public => File.ReadAllText(_path + ".pub");

    /// <summary>Gives ssh's options: no host is known before, and none is remembered.</summary>
    public IReadOnlyList<string> Options =>
    [
        "-i", _path, "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null",
        "-o", "LogLevel=ERROR", "-o", "ConnectTimeout=10", "-o", "ServerAliveInterval=10",
    ];
}
