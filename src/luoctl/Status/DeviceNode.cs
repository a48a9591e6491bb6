using System.Globalization;
using Mono.Unix.Native;

namespace LuoInterop.Cli.Status;

/// <summary>Is a device node, and who may open it.</summary>
/// <param name="Path">Where it is.</param>
/// <param name="Owner">The owner's name, or number where it has none.</param>
/// <param name="Group">The group's name, or number where it has none.</param>
/// <param name="Mode">The permission bits.</param>
/// <param name="MayOpen">Whether this user may open it for reading and writing.</param>
public sealed record DeviceNode(string Path, string Owner, string Group, uint Mode, bool MayOpen)
{
    /// <summary>Gets the mode in four octal digits.</summary>
    public string ModeText => Convert.ToString(Mode, 8).PadLeft(4, '0');

    /// <summary>Reads a node without opening it.</summary>
    /// <returns>Null where there is none, or it cannot be seen.</returns>
    public static DeviceNode? Read(string path) => Syscall.stat(path, out Stat status) != 0
        ? null
        : new DeviceNode(
            path,
            Syscall.getpwuid(status.st_uid)?.pw_name ?? status.st_uid.ToString(CultureInfo.InvariantCulture),
            Syscall.getgrgid(status.st_gid)?.gr_name ?? status.st_gid.ToString(CultureInfo.InvariantCulture),
            (uint)(status.st_mode & FilePermissions.ALLPERMS),
            Syscall.access(path, AccessModes.R_OK | AccessModes.W_OK) == 0);
}
