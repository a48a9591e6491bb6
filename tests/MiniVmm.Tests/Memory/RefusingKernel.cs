using System.Runtime.InteropServices;
using LuoInterop;

namespace MiniVmm.Tests.Memory;

/// <summary>Is Linux, with one advice refused, and counts of what is mapped and open.</summary>
internal sealed class RefusingKernel(int refused, Errno errno) : ForwardingKernel(Linux)
{
    /// <summary>MADV_HUGEPAGE of asm-generic/mman-common.h.</summary>
    public const int HugePages = 14;

    /// <summary>MADV_POPULATE_WRITE of asm-generic/mman-common.h.</summary>
    public const int PopulateWrite = 23;

    public int Refusals { get; private set; }

    public int Mappings { get; private set; }

    public int OpenFiles { get; private set; }

    public override int MAdvise(nint address, nuint length, int advice)
    {
        if (advice != refused)
        {
            return base.MAdvise(address, length, advice);
        }

        Refusals++;
        return -(int)errno;
    }

    public override nint MMap(nuint length, int protection, int flags, SafeHandle file, long offset)
    {
        Mappings++;
        return base.MMap(length, protection, flags, file, offset);
    }

    public override int MUnmap(nint address, nuint length)
    {
        Mappings--;
        return base.MUnmap(address, length);
    }

    public override int MemfdCreate(string name, uint flags)
    {
        OpenFiles++;
        return base.MemfdCreate(name, flags);
    }

    public override int Close(int fd)
    {
        OpenFiles--;
        return base.Close(fd);
    }
}
