namespace MiniVmm.Devices;

/// <summary>Passes accesses to ports on to the devices that have them; others read ones, and what is written there is lost.</summary>
/// <remarks>Devices are added before the guest runs. Accesses may come from several threads at once.</remarks>
internal sealed class PortBus
{
    private readonly List<Range> _ranges = [];

    /// <summary>Gives a range of ports to a device.</summary>
    /// <param name="first">The first port.</param>
    /// <param name="count">How many ports there are.</param>
    /// <param name="device">The device; it gets an access that lies in the range as one.</param>
    public void Add(ushort first, int count, IPortDevice device)
    {
        ArgumentNullException.ThrowIfNull(device);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(count, 0x1_0000 - first);
        foreach (Range range in _ranges)
        {
            if (first < range.End && range.First < first + count)
            {
                throw new ArgumentException($"Ports 0x{first:x} to 0x{first + count - 1:x} are another device's.", nameof(first));
            }
        }

        _ranges.Add(new Range(first, first + count, device));
    }

    /// <summary>Answers an IN of 1, 2 or 4 bytes.</summary>
    public void Read(ushort port, Span<byte> data)
    {
        if (Find(port, data.Length) is { } device)
        {
            device.Read(port, data);
            return;
        }

        if (data.Length == 1)
        {
            data[0] = 0xff;
            return;
        }

        // An access over the border of a device is one of each byte.
        for (int i = 0; i < data.Length; i++)
        {
            Read((ushort)(port + i), data.Slice(i, 1));
        }
    }

    /// <summary>Takes an OUT of 1, 2 or 4 bytes.</summary>
    public void Write(ushort port, ReadOnlySpan<byte> data)
    {
        if (Find(port, data.Length) is { } device)
        {
            device.Write(port, data);
            return;
        }

        for (int i = 0; i < data.Length && data.Length > 1; i++)
        {
            Write((ushort)(port + i), data.Slice(i, 1));
        }
    }

    private IPortDevice? Find(ushort port, int length)
    {
        foreach (Range range in _ranges)
        {
            if (port >= range.First && port + length <= range.End)
            {
                return range.Device;
            }
        }

        return null;
    }

    private readonly record struct Range(int First, int End, IPortDevice Device);
}
