namespace LuoInterop.Emulation.Files;

/// <summary>Is a device node below /dev.</summary>
internal abstract class DeviceNode
{
    /// <summary>Opens the device: 0 or <c>-errno</c>.</summary>
    public abstract int Open(int flags, out OpenFile? file);

    /// <summary>Gives the node's status.</summary>
    public abstract FileStatus Status();
}
