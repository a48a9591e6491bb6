namespace MiniVmm.Control;

/// <summary>Checks the names of VMs: each is a file's name, and a part of a session's name.</summary>
internal static class VmName
{
    /// <summary>The most characters.</summary>
    public const int MaxLength = 40;

    /// <summary>Says what is wrong with a name; null where it is one.</summary>
    public static string? Fault(string name)
    {
        if (name.Length is 0 or > MaxLength)
        {
            return $"a VM's name has 1 to {MaxLength} characters";
        }

        return name[0] is '.' or '-' || !name.All(static c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_' or '.')
            ? $"the VM's name '{name}' may have letters, digits, '-', '_' and '.', and begins with no '-' and no '.'"
            : null;
    }
}
