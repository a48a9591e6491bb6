using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Text.Json;
using LuoInterop.Cli.Output;

namespace LuoInterop.Cli.Verify;

/// <summary>Reads what systemd keeps for its units: <c>systemctl show</c>, <c>systemd-analyze fdstore</c> (254 and later), and the sizes
/// from process 1's own descriptors.</summary>
internal static class ServiceStores
{
    /// <summary>Reads all stores that hold something.</summary>
    /// <param name="contents">Whether to make digests of memory.</param>
    public static List<KeptDescriptor> Read(bool contents)
    {
        Dictionary<ulong, string>? files = null;
        var kept = new List<KeptDescriptor>();
        foreach ((string unit, string preserve) in UnitsWithStore(
            Run("systemctl", "show", "*", "--property=Id,NFileDescriptorStore,FileDescriptorStorePreserve")))
        {
            files ??= FilesOfProcess1();
            foreach (StoredFile file in Parse(Run("systemd-analyze", "fdstore", "--json=short", unit), unit))
            {
                KeptDescriptor one = Describe(unit, file, files, contents);
                kept.Add(one with { LeftBehind = LeftBehind(one.Kind, preserve) });
            }
        }

        return kept;
    }

    /// <summary>Finds the units that have something in their store, and whether it is preserved, in what <c>systemctl show</c>
    /// prints.</summary>
    public static IEnumerable<(string Unit, string Preserve)> UnitsWithStore(string shown)
    {
        string? unit = null;
        string preserve = "";
        int stored = 0;
        foreach (string line in shown.Split('\n'))
        {
            if (line.Length == 0)
            {
                if (unit is not null && stored > 0)
                {
                    yield return (unit, preserve);
                }

                (unit, preserve, stored) = (null, "", 0);
            }
            else if (line.StartsWith("Id=", StringComparison.Ordinal))
            {
                unit = line["Id=".Length..];
            }
            else if (line.StartsWith("FileDescriptorStorePreserve=", StringComparison.Ordinal))
            {
                preserve = line["FileDescriptorStorePreserve=".Length..];
            }
            else if (line.StartsWith("NFileDescriptorStore=", StringComparison.Ordinal))
            {
                _ = int.TryParse(line["NFileDescriptorStore=".Length..], NumberStyles.None, CultureInfo.InvariantCulture, out stored);
            }
        }

        if (unit is not null && stored > 0)
        {
            yield return (unit, preserve);
        }
    }

    /// <summary>Reads what <c>systemd-analyze fdstore --json=short</c> prints.</summary>
    /// <exception cref="CommandFailure">It is of another form.</exception>
    public static List<StoredFile> Parse(string json, string unit)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            return
            [
                .. document.RootElement.EnumerateArray().Select(static row => new StoredFile(
                    row.GetProperty("fdname").GetString()!,
                    row.GetProperty("inode").GetUInt64(),
                    row.GetProperty("path").GetString() ?? "")),
            ];
        }
        catch (Exception error) when (error is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new CommandFailure(
                $"what systemd-analyze says of {unit}'s store is not understood: {error.Message.TrimEnd('.')}", exitCode: ExitCode.Unknown);
        }
    }

    /// <summary>Says why a live update does not carry what is stored, or null.</summary>
    /// <remarks>Process 1 hands over the stores with <c>yes</c> and no others (manager_luo_serialize_fd_stores in systemd's
    /// <c>src/core/luo.c</c>), and LUO takes memory and sessions of what services store.</remarks>
    private static string? LeftBehind(string kind, string preserve) =>
        preserve != "yes" ? $"FileDescriptorStorePreserve={preserve}: only yes is carried"
        : kind == "other" ? "only memory and sessions are carried"
        : null;

    private static KeptDescriptor Describe(string unit, StoredFile file, Dictionary<ulong, string> files, bool contents)
    {
        if (file.Path.StartsWith("anon_inode:[luo_session]", StringComparison.Ordinal))
        {
            return new KeptDescriptor(unit, file.Name, "session", null, null);
        }

        if (!files.TryGetValue(file.Inode, out string? path))
        {
            return new KeptDescriptor(unit, file.Name, "other", null, null);
        }

        using FileStream memory = File.OpenRead(path);
        return new KeptDescriptor(
            unit, file.Name, "memory", memory.Length, contents ? Convert.ToHexStringLower(SHA256.HashData(memory)) : null);
    }

    /// <summary>Finds process 1's files in memory by their inode numbers, which <c>fdinfo</c> shows.</summary>
    private static Dictionary<ulong, string> FilesOfProcess1()
    {
        var files = new Dictionary<ulong, string>();
        foreach (string path in Directory.GetFiles("/proc/1/fd"))
        {
            string number = Path.GetFileName(path);
            try
            {
                if (new FileInfo(path).LinkTarget is not { } target
                    || !(target.StartsWith("/memfd:", StringComparison.Ordinal) || target == "/ (deleted)"))
                {
                    continue;
                }

                const string Inode = "ino:\t";
                string? line = File.ReadLines($"/proc/1/fdinfo/{number}")
                    .FirstOrDefault(static line => line.StartsWith(Inode, StringComparison.Ordinal));
                if (line is not null)
                {
                    files[ulong.Parse(line.AsSpan(Inode.Length), NumberStyles.None, CultureInfo.InvariantCulture)] = path;
                }
            }
            catch (IOException)
            {
                // Process 1 closed it meanwhile: then it is not kept.
            }
        }

        return files;
    }

    private static string Run(string program, params string[] arguments)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true };
        try
        {
            using Process process = Process.Start(start)!;
            Task<string> errors = process.StandardError.ReadToEndAsync();
            string output = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? output : throw new CommandFailure(
                $"{program} {arguments[0]} ended with {process.ExitCode}: {errors.Result.Trim()}",
                "the stores need systemd 254 or later", ExitCode.Unknown);
        }
        catch (Win32Exception error)
        {
            throw new CommandFailure($"{program} does not start: {error.Message}", "the stores are systemd's", ExitCode.Unknown);
        }
    }

    /// <summary>Is a row of what systemd-analyze prints.</summary>
    internal readonly record struct StoredFile(string Name, ulong Inode, string Path);
}
