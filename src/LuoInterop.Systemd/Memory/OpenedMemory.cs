namespace LuoInterop.Systemd.Memory;

/// <summary>Is a memory's file, looked at, and ready for the application.</summary>
internal sealed record OpenedMemory(
    string Name,
    Memfd File,
    MemfdMapping Mapping,
    StateRecord State,
    MemoryOrigin Origin,
    MemoryIntegrity Integrity,
    long PreviousLength,
    string? Erased)
{
    /// <summary>Takes what was kept, or makes a new one. What is refused stays where it is, as it is.</summary>
    public static OpenedMemory Open(Kernel kernel, FileDescriptorStore? store, string name, PersistentMemoryOptions options, Guid bootId)
    {
        ReceivedDescriptor? received = store?.Received.Find(name);
        if (received is null || received.IsTaken)
        {
            Memfd made = Memfd.Create(kernel, "luointerop:" + name);
            try
            {
                return Begin(made, name, options, bootId, erased: null);
            }
            catch
            {
                made.Dispose();
                throw;
            }
        }

        if (received.Kind != DescriptorKind.Memfd)
        {
            throw new PersistentMemoryException(
                MemoryRefusal.NotAMemory, name, $"what is stored under the name is no memfd: {received.LinkText}. Choose another name.");
        }

        // Taken when nothing can be refused any more: until then the handle is the store's.
        OpenedMemory opened = Examine(new Memfd(received.Handle), name, options, bootId);
        received.TryTake();
        return opened;
    }

    private static OpenedMemory Examine(Memfd file, string name, PersistentMemoryOptions options, Guid bootId)
    {
        byte[] page = new byte[MemoryHeader.Size];
        int length = file.Read(0, page);
        HeaderFault fault = MemoryHeader.Read(page.AsSpan(0, length), out MemoryHeader? header);
        if (fault == HeaderFault.Blank)
        {
            // The process before ended between making and writing it.
            return Begin(file, name, options, bootId, erased: null);
        }

        if (fault == HeaderFault.NewerFormat)
        {
            throw new PersistentMemoryException(
                MemoryRefusal.NewerFormat,
                name,
                "a newer version of LuoInterop.Systemd wrote it, in a form that this one does not know. Run the newer version; "
                    + "the memory is still in the store.");
        }

        if (fault == HeaderFault.WrongMagic || (header is not null && header.Name != name))
        {
            throw new PersistentMemoryException(
                MemoryRefusal.NotAMemory,
                name,
                "what is stored under the name is " + (header is null ? "not of this library" : $"the memory \"{header.Name}\"")
                    + ". Choose another name, or remove it: systemctl stop and systemctl clean --what=fdstore.");
        }

        StateRecord? state = header?.State;
        bool isCut = state is not null && state.DataSize > file.Size - MemoryHeader.Size;
        if (fault != HeaderFault.None || state is null || isCut)
        {
            return options.WhenNotWhole == MemoryAction.StartNew
                ? Begin(file, name, options, bootId, $"its header is damaged ({(isCut ? "the file is too short" : fault)})")
                : throw new PersistentMemoryException(
                    MemoryRefusal.DamagedHeader,
                    name,
                    $"its header is damaged ({(isCut ? "the file is too short" : fault)}). To begin anew: WhenNotWhole = StartNew, or "
                        + "systemctl stop and systemctl clean --what=fdstore.");
        }

        return ExamineLayout(file, header!, state, options) is { } reason
            ? Begin(file, name, options, bootId, reason)
            : Continue(file, header!, state, options, bootId);
    }

    /// <summary>Says why the memory is to be erased for its layout; null where it fits.</summary>
    private static string? ExamineLayout(Memfd file, MemoryHeader header, StateRecord state, PersistentMemoryOptions options)
    {
        (MemoryRefusal refusal, string reason)? differs =
            header.DataVersion != options.DataVersion
                ? (MemoryRefusal.OtherDataVersion, $"it has data version {header.DataVersion}, and the application {options.DataVersion}")
            : state.DataSize > options.Size
                ? (MemoryRefusal.Larger, $"it has {state.DataSize} bytes, and {options.Size} are asked for")
            : null;
        return differs is not { } found ? null
            : options.WhenLayoutDiffers == MemoryAction.StartNew ? found.reason
            : throw new PersistentMemoryException(
                found.refusal,
                header.Name,
                $"{found.reason}. Run the version that wrote it, or begin anew with WhenLayoutDiffers = StartNew. "
                    + "The memory is still in the store.");
    }

    private static OpenedMemory Continue(Memfd file, MemoryHeader header, StateRecord state, PersistentMemoryOptions options, Guid bootId)
    {
        MemoryOrigin origin = state.BootId != bootId ? MemoryOrigin.LiveUpdate : state.IsClosed ? MemoryOrigin.Restart : MemoryOrigin.Crash;
        MemoryIntegrity integrity = !state.IsClosed ? MemoryIntegrity.Unfinished
            : !options.UseChecksum || state.Checksum is null ? MemoryIntegrity.Unchecked
            : DataChecksum.Of(file, MemoryHeader.Size, state.DataSize) == state.Checksum ? MemoryIntegrity.Verified
            : MemoryIntegrity.Damaged;
        if (integrity is MemoryIntegrity.Unfinished or MemoryIntegrity.Damaged && options.WhenNotWhole != MemoryAction.Keep)
        {
            string reason = integrity == MemoryIntegrity.Damaged
                ? "its content is not what it was when it was closed"
                : "the process before ended without closing it";
            return options.WhenNotWhole == MemoryAction.StartNew
                ? Begin(file, header.Name, options, bootId, reason)
                : throw new PersistentMemoryException(
                    MemoryRefusal.NotWhole, header.Name, reason + ". To use it as it is: WhenNotWhole = Keep. To begin anew: StartNew.");
        }

        if (file.Size < MemoryHeader.Size + options.Size)
        {
            file.SetSize(MemoryHeader.Size + options.Size);
        }

        StateRecord next = state with
        {
            IsClosed = false,
            Sequence = state.Sequence + 1,
            DataSize = options.Size,
            BootId = bootId,
            Checksum = null,
            Openings = state.Openings + 1,
        };
        MemfdMapping mapping = Map(file, options);
        try
        {
            file.Write(next.Place, next.Write());
        }
        catch
        {
            mapping.Dispose();
            throw;
        }

        return new OpenedMemory(header.Name, file, mapping, next, origin, integrity, state.DataSize, Erased: null);
    }

    /// <summary>Makes a new memory in a file, which loses what it has.</summary>
    /// <remarks>In between the file is empty or zero, which counts as new: a process that ends here leaves nothing that could be taken for
    /// what was before. The header is written by one call, which a kill does not cut.</remarks>
    private static OpenedMemory Begin(Memfd file, string name, PersistentMemoryOptions options, Guid bootId, string? erased)
    {
        if (file.Size > 0)
        {
            file.SetSize(0);
        }

        file.SetSize(MemoryHeader.Size + options.Size);
        var state = new StateRecord(IsClosed: false, Sequence: 1, options.Size, bootId, Checksum: null, Openings: 1);
        byte[] page = new byte[MemoryHeader.Size];
        MemoryHeader.WriteIdentity(name, options.DataVersion).CopyTo(page, 0);
        state.Write().CopyTo(page, state.Place);
        MemfdMapping mapping = Map(file, options);
        try
        {
            file.Write(0, page);
        }
        catch
        {
            mapping.Dispose();
            throw;
        }

        return new OpenedMemory(name, file, mapping, state, MemoryOrigin.New, MemoryIntegrity.New, PreviousLength: 0, erased);
    }

    private static MemfdMapping Map(Memfd file, PersistentMemoryOptions options)
    {
        MemfdMapping mapping = file.Map(MemoryHeader.Size, options.Size);
        try
        {
            if (options.AdviseHugePages)
            {
                mapping.AdviseHugePages();
            }

            return mapping;
        }
        catch
        {
            mapping.Dispose();
            throw;
        }
    }
}
