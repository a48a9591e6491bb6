using System.Buffers.Binary;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Emulation.Kho;

/// <summary>Keeps an array in single pages that a list of chunk pages describes (kho_preserve_vmalloc, kho_restore_vmalloc).</summary>
/// <remarks>Not safe for use from several threads at once: the running kernel's lock guards it. No call allocates managed memory.</remarks>
internal static class VmallocArea
{
    private const int FirstSlot = 8;

    /// <summary>Allocates and preserves zeroed pages.</summary>
    /// <param name="handover">Where they are preserved.</param>
    /// <param name="bytes">The array's length, at least 1.</param>
    /// <returns>The descriptor, or null when memory is short.</returns>
    public static KhoVmalloc? Preserve(KexecHandover handover, ulong bytes)
    {
        ulong pages = (bytes + PhysicalMemory.PageSize - 1) >> PhysicalMemory.PageShift;
        ulong chunk = handover.AllocatePreserved();
        if (chunk == 0)
        {
            return null;
        }

        var area = new KhoVmalloc(chunk, (uint)pages, KhoVmalloc.KHO_VMALLOC_ALLOC, 0);
        int slot = FirstSlot;
        for (ulong i = 0; i < pages; i++)
        {
            ulong page = handover.AllocatePreserved();
            if (page == 0)
            {
                Unpreserve(handover, area);
                return null;
            }

            SetWord(handover, chunk, slot, page);
            slot += 8;
            if (slot == PhysicalMemory.PageSize)
            {
                // The next chunk is made at once, also when no page is left to put into it.
                ulong next = handover.AllocatePreserved();
                if (next == 0)
                {
                    Unpreserve(handover, area);
                    return null;
                }

                SetWord(handover, chunk, 0, next);
                chunk = next;
                slot = FirstSlot;
            }
        }

        return area;
    }

    /// <summary>Frees an array that this kernel preserved (kho_unpreserve_vmalloc and vfree).</summary>
    public static void Unpreserve(KexecHandover handover, KhoVmalloc area)
    {
        for (ulong chunk = area.First; chunk != 0;)
        {
            for (int slot = FirstSlot; slot < PhysicalMemory.PageSize && Word(handover, chunk, slot) is not 0 and var page; slot += 8)
            {
                handover.UnpreserveFree(page);
            }

            ulong next = Word(handover, chunk, 0);
            handover.UnpreserveFree(chunk);
            chunk = next;
        }
    }

    /// <summary>Takes the pages of an array out of the previous kernel's preservation, and the chunks with them.</summary>
    /// <returns>False when the list is not sound, or a page was not preserved. What was restored by then stays in use for good.</returns>
    public static bool TryRestore(KexecHandover handover, KhoVmalloc area)
    {
        // An order above 0 is legal, but no kernel that preserves a memfd's array of folios makes one here: one page at a time.
        ulong found = 0;
        for (ulong chunk = area.First; chunk != 0;)
        {
            for (int slot = FirstSlot; slot < PhysicalMemory.PageSize && FoundWord(handover, chunk, slot) is not 0 and var page; slot += 8)
            {
                if (++found > area.TotalPages || area.Order != 0 || !handover.TryRestorePage(page))
                {
                    return false;
                }
            }

            if (!handover.TryRestorePage(chunk))
            {
                return false;
            }

            chunk = FoundWord(handover, chunk, 0);
        }

        return found == area.TotalPages;
    }

    /// <summary>Frees a restored array and its chunks.</summary>
    public static void Free(KexecHandover handover, KhoVmalloc area)
    {
        for (ulong chunk = area.First; chunk != 0;)
        {
            for (int slot = FirstSlot; slot < PhysicalMemory.PageSize && Word(handover, chunk, slot) is not 0 and var page; slot += 8)
            {
                handover.Frames.FreePage(page);
            }

            ulong next = Word(handover, chunk, 0);
            handover.Frames.FreePage(chunk);
            chunk = next;
        }
    }

    /// <summary>Enumerates the addresses of the pages of an array, in their order.</summary>
    public static IEnumerable<ulong> Pages(KexecHandover handover, KhoVmalloc area)
    {
        for (ulong chunk = area.First; chunk != 0; chunk = Word(handover, chunk, 0))
        {
            for (int slot = FirstSlot; slot < PhysicalMemory.PageSize && Word(handover, chunk, slot) is not 0 and var page; slot += 8)
            {
                yield return page;
            }
        }
    }

    /// <summary>Begins to walk over an array whose entries do not cross pages.</summary>
    public static Cursor GetCursor(KexecHandover handover, KhoVmalloc area) => new(handover, area.First);

    private static ulong Word(KexecHandover handover, ulong page, int offset) =>
        BinaryPrimitives.ReadUInt64LittleEndian(handover.Memory.Structure(page, PhysicalMemory.PageSize)[offset..]);

    // A list that was restored before leads through freed pages, whose bytes are no addresses.
    private static ulong FoundWord(KexecHandover handover, ulong page, int offset)
    {
        Span<byte> word = stackalloc byte[8];
        return handover.Memory.TryRead(page + (ulong)offset, word)
            ? BinaryPrimitives.ReadUInt64LittleEndian(word)
            : throw EmulatedKernelPanicException.PageFault(page);
    }

    private static void SetWord(KexecHandover handover, ulong page, int offset, ulong value) =>
        BinaryPrimitives.WriteUInt64LittleEndian(handover.Memory.Structure(page, PhysicalMemory.PageSize)[offset..], value);

    /// <summary>Walks over the bytes of an array.</summary>
    internal ref struct Cursor(KexecHandover handover, ulong chunk)
    {
        private ulong _chunk = chunk;
        private int _slot = FirstSlot;
        private Span<byte> _rest;

        /// <summary>Takes the next bytes; empty at the end of the array.</summary>
        public Span<byte> Next(int size)
        {
            if (_rest.IsEmpty)
            {
                if (_slot == PhysicalMemory.PageSize)
                {
                    _chunk = Word(handover, _chunk, 0);
                    _slot = FirstSlot;
                }

                ulong page = _chunk == 0 ? 0 : Word(handover, _chunk, _slot);
                if (page == 0)
                {
                    return default;
                }

                _slot += 8;
                _rest = handover.Memory.Structure(page, PhysicalMemory.PageSize);
            }

            Span<byte> entry = _rest[..size];
            _rest = _rest[size..];
            return entry;
        }

        /// <summary>Takes the next record of a folio.</summary>
        /// <exception cref="EmulatedKernelPanicException">The array has ended:
        /// past it lies the guard page of the area that vmalloc made.</exception>
        public T NextFolio<T>()
            where T : struct, IKhoSer<T>
        {
            Span<byte> entry = Next(T.SerSize);
            return entry.IsEmpty
                ? throw new EmulatedKernelPanicException("BUG: unable to handle page fault. The array of folios is shorter than its count.")
                : T.Read(entry);
        }
    }
}
