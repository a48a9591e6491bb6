using LuoInterop.Emulation.Interop;
using LuoInterop.Kho.Abi;
using LuoInterop.Kho.Previews;
using LuoInterop.Kho;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Kvm;

/// <summary>Holds a machine between two kernels, with a VM, its memory of 16 pages and a memfd in one session; pages 2,
/// 3 and 9 are there.</summary>
internal sealed class HandedOverGuest : IDisposable
{
    public const ulong MemfdToken = 5;

    private readonly HandoverFile[] _files;

    public HandedOverGuest(Action<EmulatedMachine>? arm = null)
    {
        Machine = Vmm.Machine();
        EmulatedProcess kernel = Machine.Boot();
        Vmm vmm = Vmm.Create(kernel);
        foreach (int page in Pages)
        {
            vmm.Store(page, (byte)page);
        }

        File = vmm.Inode.File;
        Descriptor session = kernel.Create(kernel.OpenDevice(), "vm");
        Assert.Equal(0, vmm.Preserve(session));
        using Descriptor memfd = kernel.MemfdWith([1]);
        Assert.Equal(0, kernel.Preserve(session, memfd.Fd, MemfdToken));
        Assert.Equal(0, kernel.Load(Vmm.Preview));
        arm?.Invoke(Machine);
        Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));
        _files = [.. HandoverReader.Read(Machine.Memory, Machine.Handover!.Value.FdtAddress).Sessions[0].Files];
    }

    public static int[] Pages => [2, 3, 9];

    public EmulatedMachine Machine { get; }

    /// <summary>Gets the host's file that holds the pages.</summary>
    public HostFile File { get; }

    public GuestMemfdLuoSer Record
    {
        get => GuestMemfdLuoSer.Read(Machine.Memory.Structure(_files[1].Record.Data, GuestMemfdLuoSer.Size));
        set => value.Write(Machine.Memory.Structure(_files[1].Record.Data, GuestMemfdLuoSer.Size));
    }

    public KvmLuoSer VmRecord
    {
        set => value.Write(Machine.Memory.Structure(_files[0].Record.Data, KvmLuoSer.Size));
    }

    /// <summary>Changes an entry of the array of folios.</summary>
    public void Change(int index, Func<GuestMemfdLuoFolioSer, GuestMemfdLuoFolioSer> change)
    {
        ulong page = KhoVmallocList.Read(Machine.Memory, Record.Folios).Pages[0];
        Span<byte> entry = Machine.Memory.Structure(page + (ulong)(index * GuestMemfdLuoFolioSer.Size), GuestMemfdLuoFolioSer.Size);
        change(GuestMemfdLuoFolioSer.Read(entry)).Write(entry);
    }

    /// <summary>Boots the next kernel, and retrieves the session.</summary>
    public (EmulatedProcess Kernel, Descriptor Session) Boot()
    {
        EmulatedProcess kernel = Machine.Boot();
        return (kernel, kernel.RetrieveSession(kernel.OpenDevice(), "vm"));
    }

    public void Dispose() => Machine.Dispose();
}
