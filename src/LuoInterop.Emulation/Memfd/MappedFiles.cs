using System.Globalization;
using LuoInterop.Emulation.Interop;

namespace LuoInterop.Emulation.Memfd;

/// <summary>Finds the files behind addresses of a process in <c>/proc/PID/maps</c>.</summary>
internal static class MappedFiles
{
    /// <summary>Tells whether a range of addresses maps one of some files.</summary>
    public static bool Overlaps(int process, nint address, nuint length, IEnumerable<InodeKey> files)
    {
        var wanted = new HashSet<(ulong Device, ulong Inode)>();
        foreach (InodeKey file in files)
        {
            wanted.Add((file.Device, file.Inode));
        }

        ulong start = (ulong)address;
        ulong end = start + length;
        foreach (string line in File.ReadLines(string.Create(CultureInfo.InvariantCulture, $"/proc/{process}/maps")))
        {
            // start-end perms offset major:minor inode path
            string[] fields = line.Split(' ', 6, StringSplitOptions.RemoveEmptyEntries);
            string[] range = fields[0].Split('-');
            string[] device = fields[3].Split(':');
            if (Hexadecimal(range[0]) < end
                && Hexadecimal(range[1]) > start
                && wanted.Contains(
                    ((Hexadecimal(device[0]) << 32) | Hexadecimal(device[1]), ulong.Parse(fields[4], CultureInfo.InvariantCulture))))
            {
                return true;
            }
        }

        return false;
    }

    private static ulong Hexadecimal(string text) => ulong.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
