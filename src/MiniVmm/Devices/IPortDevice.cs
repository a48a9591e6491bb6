namespace MiniVmm.Devices;

/// <summary>Answers accesses of the guest to ports.</summary>
/// <remarks>Any vCPU's thread may call; an access allocates nothing.</remarks>
internal interface IPortDevice
{
    /// <summary>Fills in what the guest reads.</summary>
    /// <param name="port">The port's number.</param>
    /// <param name="data">One access: 1, 2 or 4 bytes.</param>
    void Read(ushort port, Span<byte> data);

    /// <summary>Takes what the guest writes.</summary>
    /// <param name="port">The port's number.</param>
    /// <param name="data">One access: 1, 2 or 4 bytes.</param>
    void Write(ushort port, ReadOnlySpan<byte> data);
}
