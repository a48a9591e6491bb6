using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Kho;
using LuoInterop.Kho;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Emulation.Luo;

/// <summary>Reads and writes LUO's own state in one form: its blob, and the memory that sessions and files are listed in.</summary>
/// <remarks>Belongs to one kernel. Not safe for use from several threads at once: the running kernel's lock guards it.</remarks>
internal abstract class LuoFormat(KexecHandover handover)
{
    private ulong? _incomingFlbs;

    /// <summary>Gets the pages' keeper.</summary>
    protected KexecHandover Handover { get; } = handover;

    /// <summary>Gets the address of the page of objects that came in, 0 for none. May be asked before the blob is taken over,
    /// and changes nothing.</summary>
    public ulong IncomingFlbs => _incomingFlbs ??= FindFlbs();

    /// <summary>Gets or sets the address of the page of objects that go out, 0 in a form without them.</summary>
    protected ulong OutgoingFlbs { get; set; }

    /// <summary>Gets the room for the records of outgoing sessions.</summary>
    public abstract EntrySet Sessions { get; }

    /// <summary>Makes the room for the records of a session's files.</summary>
    public abstract EntrySet CreateFiles();

    /// <summary>Takes the previous kernel's blob over (luo_early_startup).</summary>
    /// <param name="number">The update's number; 0 where nothing came in.</param>
    /// <returns>0, or the <c>-errno</c> over which the kernel panics.</returns>
    public int Retrieve(out ulong number)
    {
        number = 0;
        _ = IncomingFlbs;
        int error = Handover.RetrieveSubtree(LuoSer.LUO_KHO_ENTRY_NAME, out ulong address, out ulong size);
        return error == 0 ? Retrieve(address, size, out number) : error == Refused.ENOENT ? 0 : error;
    }

    /// <summary>Reads the records of incoming sessions once, and gives their memory up.</summary>
    /// <exception cref="EmulatedKernelPanicException">While enumerating: the kernel follows a bad address.</exception>
    public abstract IEnumerable<LuoSessionSer> TakeSessions();

    /// <summary>Finds the records of an incoming session's files.</summary>
    /// <param name="session">The session.</param>
    /// <param name="files">The records; reading them to the end gives their memory up.</param>
    /// <returns>0, or the <c>-errno</c> of a list that is not sound.</returns>
    public abstract int TakeFiles(LuoSessionSer session, out IEnumerable<LuoFileSer> files);

    /// <summary>Writes the own blob, without sessions, and publishes it (luo_late_startup).</summary>
    /// <returns>False when memory is short: there is no LUO then.</returns>
    public abstract bool SetUp(ulong number);

    /// <summary>Names the written sessions in the blob, 0 of them before they are written.</summary>
    public abstract void Publish(int sessions);

    /// <summary>Writes the record of an object that goes out.</summary>
    public void WriteFlb(int index, in LuoFlbSer record) =>
        record.Write(Handover.Memory.Structure(OutgoingFlbs + (ulong)(LuoFlbHeaderSer.Size + (index * LuoFlbSer.Size)), LuoFlbSer.Size));

    /// <summary>Says how many objects go out.</summary>
    public void PublishFlbs(int count)
    {
        if (OutgoingFlbs != 0)
        {
            new LuoFlbHeaderSer(LuoFlbHeaderSer.LUO_FLB_PGCNT, (ulong)count)
                .Write(Handover.Memory.Structure(OutgoingFlbs, LuoFlbHeaderSer.Size));
        }
    }

    /// <summary>Finds the page of objects in a blob that is not taken over yet: 0 where it is none of this form.</summary>
    protected abstract ulong FindFlbs(ulong blob, ulong size);

    /// <summary>Allocates the page of objects that go out (luo_flb_setup_outgoing): false when memory is short.</summary>
    protected bool AddFlbs()
    {
        OutgoingFlbs = Handover.AllocatePreserved();
        if (OutgoingFlbs == 0)
        {
            return false;
        }

        PublishFlbs(0);
        return true;
    }

    /// <summary>Takes a blob over that is there.</summary>
    protected abstract int Retrieve(ulong address, ulong size, out ulong number);

    /// <summary>Allocates a page for a blob, writes and publishes it: its address, or 0.</summary>
    protected ulong AddBlob(ReadOnlySpan<byte> blob)
    {
        ulong address = Handover.AllocatePreserved();
        if (address == 0)
        {
            return 0;
        }

        blob.CopyTo(Handover.Memory.Structure(address, blob.Length));
        if (Handover.AddSubtree(LuoSer.LUO_KHO_ENTRY_NAME, address, blob.Length) != 0)
        {
            Handover.UnpreserveFree(address);
            return 0;
        }

        return address;
    }

    private ulong FindFlbs() =>
        Handover.RetrieveSubtree(LuoSer.LUO_KHO_ENTRY_NAME, out ulong address, out ulong size) == 0 ? FindFlbs(address, size) : 0;
}
