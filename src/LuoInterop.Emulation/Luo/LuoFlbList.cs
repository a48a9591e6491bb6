using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Emulation.Luo;

/// <summary>Keeps the file-lifecycle-bound objects of one kernel (kernel/liveupdate/luo_flb.c).</summary>
/// <remarks>Not safe for use from several threads at once: the running kernel's lock guards it.</remarks>
internal sealed class LuoFlbList(LuoFormat format, PhysicalMemory memory, PageFrames frames)
{
    private readonly List<LuoFlb> _flbs = [];

    /// <summary>Binds an object to a handler (liveupdate_register_flb).</summary>
    public int Register(FileHandler handler, LiveUpdateFlb definition, KernelModule? owner)
    {
        LiveUpdateFlbOperations operations = definition.Operations;
        if (operations.Preserve is null || operations.Unpreserve is null || operations.Retrieve is null || operations.Finish is null)
        {
            return Refused.EINVAL;
        }

        if (!frames.TryAllocateSmall())
        {
            return Refused.ENOMEM;
        }

        if (handler.Flbs.Exists(bound => bound.Definition == definition))
        {
            return Refused.EEXIST;
        }

        LuoFlb? flb = _flbs.Find(known => known.Definition == definition);
        if (flb is null)
        {
            if (_flbs.Count == LuoFlbHeaderSer.LUO_FLB_MAX)
            {
                return Refused.ENOSPC;
            }

            if (_flbs.Exists(known => known.Definition.Compatible == definition.Compatible))
            {
                return Refused.EEXIST;
            }

            flb = new LuoFlb(definition, owner);
            _flbs.Add(flb);
        }

        flb.Users++;
        handler.Flbs.Add(flb);
        return 0;
    }

    /// <summary>Takes an object from a handler (liveupdate_unregister_flb). One that is not bound to it is left alone.</summary>
    public void Unregister(FileHandler handler, LiveUpdateFlb definition)
    {
        int index = handler.Flbs.FindIndex(bound => bound.Definition == definition);
        if (index < 0)
        {
            return;
        }

        LuoFlb flb = handler.Flbs[index];
        handler.Flbs.RemoveAt(index);
        if (--flb.Users == 0)
        {
            _flbs.Remove(flb);
        }
    }

    /// <summary>Counts a file that is about to be preserved (luo_flb_file_preserve): 0, or an error with nothing counted.</summary>
    public static int OnPreserve(FileHandler handler)
    {
        for (int i = 0; i < handler.Flbs.Count; i++)
        {
            int error = Preserve(handler.Flbs[i]);
            if (error != 0)
            {
                while (--i >= 0)
                {
                    PutOutgoing(handler.Flbs[i]);
                }

                return error;
            }
        }

        return 0;
    }

    /// <summary>Counts a file that is no longer preserved (luo_flb_file_unpreserve).</summary>
    public static void OnUnpreserve(FileHandler handler)
    {
        for (int i = handler.Flbs.Count - 1; i >= 0; i--)
        {
            PutOutgoing(handler.Flbs[i]);
        }
    }

    /// <summary>Counts a file that is finished (luo_flb_file_finish).</summary>
    public void OnFinish(FileHandler handler)
    {
        for (int i = handler.Flbs.Count - 1; i >= 0; i--)
        {
            PutIncoming(handler.Flbs[i]);
        }
    }

    /// <summary>Finds the state of an object that is registered, or null.</summary>
    public LuoFlb? Find(LiveUpdateFlb definition) => _flbs.Find(known => known.Definition == definition);

    /// <summary>Gets the incoming object, which is retrieved when it is first asked for (liveupdate_flb_get_incoming).</summary>
    public int GetIncoming(LuoFlb flb, out object? instance)
    {
        instance = null;
        RefuseInside(flb.Incoming, flb);
        if (flb.Incoming.Object is null)
        {
            int error = Retrieve(flb);
            if (error != 0)
            {
                return error;
            }
        }

        flb.Incoming.Count++;
        instance = flb.Incoming.Object;
        return 0;
    }

    /// <summary>Gives a reference to the incoming object back; the last one finishes it (liveupdate_flb_put_incoming).</summary>
    /// <remarks>
    /// The count comes with the first retrieve only: where nobody asked for the object, the last file's finish counts below
    /// zero, and finish() never runs. That is what Linux 7.3.4 does.
    /// </remarks>
    public void PutIncoming(LuoFlb flb)
    {
        LuoFlb.State state = flb.Incoming;
        RefuseInside(state, flb);
        if (!state.DropAndTest() || (state.RetrieveStatus <= 0 && Retrieve(flb) != 0))
        {
            return;
        }

        var arguments = new LiveUpdateFlbArguments(flb.Definition) { Instance = state.Object };
        Locked(state, () => flb.Definition.Operations.Finish!(arguments));
        state.Data = 0;
        state.Object = null;
        state.IsFinished = true;
        flb.Owner?.Put();
    }

    /// <summary>Gets the outgoing object (liveupdate_flb_get_outgoing): 0, or ENOENT while no dependent file is preserved.</summary>
    public static int GetOutgoing(LuoFlb flb, out object? instance)
    {
        RefuseInside(flb.Outgoing, flb);
        instance = flb.Outgoing.Object;
        if (instance is null)
        {
            return Refused.ENOENT;
        }

        flb.Outgoing.Count++;
        return 0;
    }

    /// <summary>Gives a reference to the outgoing object back; the last one drops it (liveupdate_flb_put_outgoing).</summary>
    public static void PutOutgoing(LuoFlb flb)
    {
        LuoFlb.State state = flb.Outgoing;
        RefuseInside(state, flb);
        if (!state.DropAndTest())
        {
            return;
        }

        var arguments = new LiveUpdateFlbArguments(flb.Definition) { Data = state.Data, Instance = state.Object };
        Locked(state, () => flb.Definition.Operations.Unpreserve!(arguments));
        state.Data = 0;
        state.Object = null;
        flb.Owner?.Put();
    }

    /// <summary>Writes the objects that files depend on (luo_flb_serialize), in the order of their registration.</summary>
    public void Serialize()
    {
        int count = 0;
        foreach (LuoFlb flb in _flbs)
        {
            if (flb.Outgoing.Count > 0)
            {
                format.WriteFlb(count++, new LuoFlbSer(flb.Definition.Compatible, flb.Outgoing.Data, (ulong)flb.Outgoing.Count));
            }
        }

        format.PublishFlbs(count);
    }

    /// <summary>Reads what the previous kernel wrote of an object,
    /// and changes nothing (liveupdate_flb_incoming_early of the HugeTLB posting).</summary>
    /// <returns>0, ENODATA when nothing came in, ENOENT when it is not among what came in.</returns>
    public int FindIncoming(string compatible, out LuoFlbSer found)
    {
        found = default;
        ulong address = format.IncomingFlbs;
        if (address == 0)
        {
            return Refused.ENODATA;
        }

        Span<byte> bytes = stackalloc byte[LuoFlbSer.Size];
        ulong count = LuoFlbHeaderSer.Read(ReadAt(address, bytes[..LuoFlbHeaderSer.Size])).Count;
        for (ulong i = 0; i < Math.Min(count, LuoFlbHeaderSer.LUO_FLB_MAX); i++)
        {
            found = LuoFlbSer.Read(ReadAt(address + LuoFlbHeaderSer.Size + (i * LuoFlbSer.Size), bytes));
            if (found.Name == compatible)
            {
                return 0;
            }
        }

        // The kernel believes the count, and looks for the name in all of memory behind the page, until it ends.
        return count <= LuoFlbHeaderSer.LUO_FLB_MAX
            ? Refused.ENOENT
            : throw EmulatedKernelPanicException.PageFault(memory.PageCount << PhysicalMemory.PageShift);
    }

    private static int Preserve(LuoFlb flb)
    {
        LuoFlb.State state = flb.Outgoing;
        RefuseInside(state, flb);
        if (state.Count != 0)
        {
            state.Count++;
            return 0;
        }

        if (flb.Owner?.TryGet() == false)
        {
            return Refused.ENODEV;
        }

        var arguments = new LiveUpdateFlbArguments(flb.Definition);
        int error = Locked(state, () => flb.Definition.Operations.Preserve!(arguments));
        if (error != 0)
        {
            flb.Owner?.Put();
            return error;
        }

        state.Data = arguments.Data;
        state.Object = arguments.Instance;
        state.Count = 1;
        return 0;
    }

    // luo_flb_retrieve_one.
    private int Retrieve(LuoFlb flb)
    {
        LuoFlb.State state = flb.Incoming;
        if (state.IsFinished)
        {
            return Refused.ENODATA;
        }

        if (state.RetrieveStatus != 0)
        {
            return Math.Min(state.RetrieveStatus, 0);
        }

        int error = FindIncoming(flb.Definition.Compatible, out LuoFlbSer ser);
        if (error != 0)
        {
            return error;
        }

        state.Data = ser.Data;
        state.Count = (int)ser.Count;
        if (flb.Owner?.TryGet() == false)
        {
            return Refused.ENODEV;
        }

        var arguments = new LiveUpdateFlbArguments(flb.Definition) { Data = ser.Data };
        error = Locked(state, () => flb.Definition.Operations.Retrieve!(arguments));
        if (error != 0)
        {
            state.RetrieveStatus = error;
            flb.Owner?.Put();
            return error;
        }

        state.Object = arguments.Instance;
        state.RetrieveStatus = 1;
        return 0;
    }

    // Where memory ends, the kernel follows the previous one's count out of it.
    private ReadOnlySpan<byte> ReadAt(ulong address, Span<byte> bytes) =>
        memory.TryRead(address, bytes) ? bytes : throw EmulatedKernelPanicException.PageFault(address);

    private static int Locked(LuoFlb.State state, Func<int> call)
    {
        state.IsLocked = true;
        try
        {
            return call();
        }
        finally
        {
            state.IsLocked = false;
        }
    }

    private static void Locked(LuoFlb.State state, Action call) => Locked(state, () =>
    {
        call();
        return 0;
    });

    private static void RefuseInside(LuoFlb.State state, LuoFlb flb)
    {
        if (state.IsLocked)
        {
            throw new InvalidOperationException(
                $"A callback of \"{flb.Definition.Compatible}\" asks for its own object: Linux deadlocks on the object's mutex.");
        }
    }
}
