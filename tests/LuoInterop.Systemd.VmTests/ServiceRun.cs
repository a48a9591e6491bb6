using System.Text;
using System.Text.RegularExpressions;
using LuoInterop.Tests.Shared;
using LuoInterop.VmTesting;
using Xunit;
using Xunit.Abstractions;

namespace LuoInterop.Systemd.VmTests;

/// <summary>Is the service of <c>LuoInterop.Systemd.Payload</c> in a VM: its units, how to wait for it, and what it said.</summary>
internal static partial class ServiceRun
{
    /// <summary>The service as the guest sees it.</summary>
    public const string Program = Guest.FilesFolder + "/luo-service";

    /// <summary>Functions of the shell: <c>log UNIT</c> prints what a unit said in this boot, <c>settled NUMBER UNIT...</c> waits until
    /// each has said how it is that often, <c>send NAME UNIT</c> gives the test what a unit said.</summary>
    public const string Functions = """
        log() { journalctl --sync; journalctl -b -q -o cat -u "$1"; }
        settled() {
          times=$1; shift
          for unit; do
            until [ "$(journalctl -b -q -o cat -u "$unit" | grep -c ' Health ')" -ge "$times" ]; do sleep 0.5; journalctl --sync; done
          done
        }
        says() { until log "$1" | grep -q "$2"; do sleep 0.5; done; }
        send() { log "$2" > "/tmp/$1.log"; luo-guest file "$1" "/tmp/$1.log"; }

        """;

    /// <summary>Gives a unit's text.</summary>
    public static string Unit(string command, params string[] lines) => $"""
        [Unit]
        StartLimitIntervalSec=0
        [Service]
        ExecStart={command}
        {string.Join('\n', lines)}

        """;

    /// <summary>Adds the service to a run's files.</summary>
    public static VmOptions WithService(this VmOptions options) => options.WithFile("luo-service", NativePrograms.Service) with
    {
        TimeLimit = TimeSpan.FromMinutes(30),
        KernelTimeLimit = TimeSpan.FromMinutes(15),
    };

    /// <summary>Adds a file to a run's files.</summary>
    public static VmOptions WithFile(this VmOptions options, string name, string path) =>
        options with { Files = new Dictionary<string, string>(options.Files) { [name] = path } };

    /// <summary>Gives what the memories and the health check of a unit said, without the times.</summary>
    public static string[] Said(this VmResult result, string name) =>
    [
        .. result.Text(name).Split('\n')
            .Where(static line => line.Contains("] Memory ", StringComparison.Ordinal)
                || line.Contains("] Health ", StringComparison.Ordinal))
            .Select(static line => Time().Replace(line[(line.IndexOf(']', StringComparison.Ordinal) + 2)..], "")),
    ];

    /// <summary>Shows how a run ended, and every file that it sent.</summary>
    public static void Show(this ITestOutputHelper output, VmResult result)
    {
        output.WriteLine(result.ToString());
        foreach (GuestFile file in result.Files)
        {
            output.WriteLine($"--- {file.Name}\n{Encoding.UTF8.GetString(file.Content.Span)}");
        }
    }

    /// <summary>Gives a file that the run sent.</summary>
    public static string Text(this VmResult result, string name) =>
        Encoding.UTF8.GetString(Assert.Single(result.Files, file => file.Name == name).Content.Span);

    /// <summary>Gives a value that the run sent.</summary>
    public static string Value(this VmResult result, string name) => Assert.Single(result.Values, value => value.Name == name).Value;

    [GeneratedRegex(@" \([0-9.]+ ms\)")]
    private static partial Regex Time();
}
