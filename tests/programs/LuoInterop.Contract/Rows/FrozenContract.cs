using LuoInterop.Interop;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using Xunit;

namespace LuoInterop.Contract.Rows;

/// <summary>What a preserved memfd refuses and allows.</summary>
[Section(6, "What a preserved memfd refuses and allows", "mm/shmem.c, mm/memfd.c")]
public static class FrozenContract
{
    private const int KeepSize = FallocHeader.FALLOC_FL_KEEP_SIZE;

    public static Scenario Size_CannotChange_SameSizeIsFine => Scenario
        .Of("Truncating up or down is EPERM, to the same size 0.")
        .Kernel(static s =>
        {
            Memfd memfd = Frozen(s, 8192);
            Refused.With(Errno.EPERM, () => memfd.SetSize(4096));
            Refused.With(Errno.EPERM, () => memfd.SetSize(8193));
            Refused.With(Errno.EPERM, () => memfd.SetSize(0));
            memfd.SetSize(8192);
        });

    public static Scenario WriteInside_Works_AtOrPastTheEnd_EPERM => Scenario
        .Of("Writes inside the size work and are carried; a write that starts at or past the end, or appends, is EPERM.")
        .Kernel(static s =>
        {
            Memfd memfd = s.MemfdWith(8192, 60);
            LiveUpdateSession session = s.Create();
            session.Preserve(memfd, 1);
            memfd.Write(100, "after preserve"u8);
            memfd.Write(8191, "z"u8);
            Refused.With(Errno.EPERM, s.Kernel.PWrite(memfd.Handle, "x"u8, 8192));
            Refused.With(Errno.EPERM, s.Kernel.PWrite(memfd.Handle, "x"u8, 100_000));
            Assert.Equal(0, s.Kernel.PWrite(memfd.Handle, [], 100_000));
            Refused.Not(s.Kernel.Fcntl(memfd.Handle, FcntlHeader.F_SETFL, LibC.O_APPEND));
            Refused.With(Errno.EPERM, s.Kernel.Write(memfd.Handle, "x"u8));
            Refused.Not(s.Kernel.Fcntl(memfd.Handle, FcntlHeader.F_SETFL, 0));
            memfd.Position = 200;
            Assert.Equal(5, s.Kernel.Write(memfd.Handle, "fifth"u8));
            session.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            Memfd memfd = s.Own(s.Retrieve().RetrieveMemfd(1));
            byte[] expected = new byte[8192];
            Pattern.Generate(expected, 0, 60);
            "after preserve"u8.CopyTo(expected.AsSpan(100));
            "fifth"u8.CopyTo(expected.AsSpan(200));
            expected[8191] = (byte)'z';
            byte[] actual = new byte[8192];
            Assert.Equal(8192, memfd.Read(0, actual));
            Assert.Equal(expected, actual);
            Assert.Equal(205, memfd.Position);
        });

    public static Scenario WriteStraddlingTheEnd_SmallFile_EPERM_AndNothingIsWritten => Scenario
        .Of("A write that passes the end within one chunk of the page cache fails whole.")
        .Kernel(static s =>
        {
            Memfd memfd = Frozen(s, 8192, seed: 61);
            Refused.With(Errno.EPERM, s.Kernel.PWrite(memfd.Handle, "straddle"u8, 8188));
            byte[] tail = new byte[4];
            memfd.Read(8188, tail);
            byte[] expected = new byte[8192];
            Pattern.Generate(expected, 0, 61);
            Assert.True(expected.AsSpan(8188).SequenceEqual(tail));
        });

    public static Scenario WriteStraddlingTheEnd_LargeFile_StopsAtTheChunk => Scenario
        .Of("A longer write is decided chunk by chunk of 2 MiB (generic_perform_write with large folios): those that end inside the "
            + "size are written, the one that passes it is not.")
        .Kernel(static s =>
        {
            const int Chunk = 2 << 20;
            Memfd memfd = Frozen(s, (2 * Chunk) + 100, seed: 68);
            byte[] data = new byte[2 * Chunk];
            data.AsSpan().Fill(0x5a);
            Assert.Equal(Chunk, Refused.Not(s.Kernel.PWrite(memfd.Handle, data, Chunk)));
            byte[] expected = new byte[(2 * Chunk) + 100];
            Pattern.Generate(expected, 0, 68);
            expected.AsSpan(Chunk, Chunk).Fill(0x5a);
            byte[] actual = new byte[expected.Length];
            Assert.Equal(actual.Length, memfd.Read(0, actual));
            Assert.True(expected.AsSpan().SequenceEqual(actual));
            Refused.With(Errno.EPERM, s.Kernel.PWrite(memfd.Handle, data.AsSpan(0, 200), 2 * Chunk));
        });

    public static Scenario Fallocate_EPERM_UnsupportedModesFirst => Scenario
        .Of("Mode 0, KEEP_SIZE and PUNCH_HOLE are EPERM on any range, also inside the size; other modes stay EOPNOTSUPP, a bad "
            + "range EINVAL, one past the largest file EFBIG.")
        .Kernel(static s =>
        {
            Memfd memfd = Frozen(s, 8192);
            foreach (int mode in (int[])[0, KeepSize, KeepSize | FallocHeader.FALLOC_FL_PUNCH_HOLE])
            {
                Refused.With(Errno.EPERM, s.Kernel.FAllocate(memfd.Handle, mode, 0, 4096));
                Refused.With(Errno.EPERM, s.Kernel.FAllocate(memfd.Handle, mode, 4096, 65536));
            }

            foreach (int mode in (int[])[
                FallocHeader.FALLOC_FL_ZERO_RANGE, FallocHeader.FALLOC_FL_COLLAPSE_RANGE, FallocHeader.FALLOC_FL_INSERT_RANGE,
                FallocHeader.FALLOC_FL_UNSHARE_RANGE])
            {
                Refused.With(Errno.EOPNOTSUPP, s.Kernel.FAllocate(memfd.Handle, mode, 0, 4096));
            }

            Refused.With(Errno.EOPNOTSUPP, s.Kernel.FAllocate(memfd.Handle, FallocHeader.FALLOC_FL_PUNCH_HOLE, 0, 4096));
            Refused.With(Errno.EINVAL, s.Kernel.FAllocate(memfd.Handle, 0, 0, 0));
            Refused.With(Errno.EINVAL, s.Kernel.FAllocate(memfd.Handle, 0, -1, 4096));
            Refused.With(Errno.EFBIG, s.Kernel.FAllocate(memfd.Handle, 0, long.MaxValue, 4096));
            Refused.With(Errno.EPERM, s.Kernel.FAllocate(memfd.Handle, 0, long.MaxValue - 4096, 4096));
        });

    public static Scenario OpenWithTruncate_EPERM => Scenario
        .Of("Re-opening with O_TRUNC is EPERM, also for reading only; of an empty file it works.")
        .Kernel(static s =>
        {
            Memfd memfd = Frozen(s, 8192, seed: 62);
            Refused.With(Errno.EPERM, s.Kernel.Open(Path(memfd), LibC.O_RDWR | LibC.O_TRUNC | LibC.O_CLOEXEC));
            Refused.With(Errno.EPERM, s.Kernel.Open(Path(memfd), LibC.O_RDONLY | LibC.O_TRUNC | LibC.O_CLOEXEC));
            Pattern.Verify(memfd, 8192, 62);
            Memfd empty = s.Own(Memfd.Create(s.Kernel, "empty"));
            s.Create("empty").Preserve(empty, 1);
            Assert.Equal(0, s.Kernel.LSeek(Opened(s, empty, LibC.O_RDWR | LibC.O_TRUNC), 0, SeekOrigin.End));
        });

    public static Scenario MadviseRemove_EPERM => Scenario
        .Of("madvise(MADV_REMOVE), which punches a hole through a mapping, is EPERM; after the abort it works.")
        .Kernel(static s =>
        {
            Memfd memfd = s.MemfdWith(8192, 69);
            nint address = (nint)Refused.Not(s.Kernel.MMap(8192, LibC.PROT_READ | LibC.PROT_WRITE, LibC.MAP_SHARED, memfd.Handle, 0));
            LiveUpdateSession session = s.Create();
            session.Preserve(memfd, 1);
            Refused.With(Errno.EPERM, s.Kernel.MAdvise(address, 4096, MmanHeader.MADV_REMOVE));
            Pattern.Verify(memfd, 8192, 69);
            session.Abort();
            Refused.Not(s.Kernel.MAdvise(address, 4096, MmanHeader.MADV_REMOVE));
            Assert.Equal(8, memfd.Status.Blocks);
            Refused.Not(s.Kernel.MUnmap(address, 8192));
        });

    public static Scenario EveryDescription_IsRefused_AlsoAfterThePreservedOneIsClosed => Scenario
        .Of("It is the file that is frozen: through descriptions opened before and after, also when the preserved descriptor is closed.")
        .Kernel(static s =>
        {
            Memfd memfd = Memfd.Create(s.Kernel, "frozen", 8192);
            SafeFileHandle before = Opened(s, memfd, LibC.O_RDWR);
            LiveUpdateSession session = s.Create();
            session.Preserve(memfd, 1);
            SafeFileHandle after = Opened(s, memfd, LibC.O_RDWR);
            memfd.Dispose();
            foreach (SafeFileHandle file in (SafeFileHandle[])[before, after])
            {
                Refused.With(Errno.EPERM, s.Kernel.FTruncate(file, 4096));
                Refused.With(Errno.EPERM, s.Kernel.FAllocate(file, 0, 0, 4096));
                Refused.With(Errno.EPERM, s.Kernel.PWrite(file, "x"u8, 8192));
                Refused.With(Errno.EBUSY, s.Kernel.Fcntl(file, FcntlHeader.F_ADD_SEALS, FcntlHeader.F_SEAL_WRITE));
                Assert.Equal(1, s.Kernel.PWrite(file, "x"u8, 8191));
            }

            session.Abort();
            Refused.Not(s.Kernel.FTruncate(after, 4096));
        });

    public static Scenario ReadOnlyDescription_IsRefusedAsEver => Scenario
        .Of("Through a description that is not open for writing, ftruncate is EINVAL, write and fallocate EBADF, F_ADD_SEALS EPERM, "
            + "as without the freeze.")
        .Kernel(static s =>
        {
            SafeFileHandle file = Opened(s, Frozen(s, 8192), LibC.O_RDONLY);
            Refused.With(Errno.EINVAL, s.Kernel.FTruncate(file, 4096));
            Refused.With(Errno.EBADF, s.Kernel.PWrite(file, "x"u8, 8192));
            Refused.With(Errno.EBADF, s.Kernel.FAllocate(file, 0, 0, 4096));
            Refused.With(Errno.EPERM, s.Kernel.Fcntl(file, FcntlHeader.F_ADD_SEALS, FcntlHeader.F_SEAL_WRITE));
        });

    public static Scenario Mode_ChangedWhileFrozen_IsNotCarried => Scenario
        .Of("fchmod works on a preserved file, and is not carried: the file comes back with mode 0777.")
        .Kernel(static s =>
        {
            Memfd memfd = s.MemfdWith(4096, 70);
            LiveUpdateSession session = s.Create();
            session.Preserve(memfd, 1);
            Refused.Not(s.Kernel.FChmod(memfd.Handle, 0x180));
            Assert.Equal(0x8180u, memfd.Status.Mode);
            session.HoldUntilKexec();
        })
        .Kernel(static s => Assert.Equal(0x81FFu, s.Own(s.Retrieve().RetrieveMemfd(1)).Status.Mode));

    public static Scenario Mappings_Work_AndTheirStoresAreCarried => Scenario
        .Of("Mapping works, before and after; what the pages hold at the kexec is carried, not a snapshot of PRESERVE_FD.")
        .Kernel(static s =>
        {
            Memfd memfd = s.MemfdWith(16384, 63);
            using MemfdMapping early = memfd.Map();
            LiveUpdateSession session = s.Create();
            session.Preserve(memfd, 1);
            using MemfdMapping late = memfd.Map();
            "early"u8.CopyTo(early.GetSpan(10, 5));
            "late"u8.CopyTo(late.GetSpan(12288, 4));
            session.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            using MemfdMapping mapping = s.Own(s.Retrieve().RetrieveMemfd(1)).Map();
            Assert.Equal("early"u8, mapping.GetReadOnlySpan(10, 5));
            Assert.Equal("late"u8, mapping.GetReadOnlySpan(12288, 4));
            byte[] expected = new byte[16384];
            Pattern.Generate(expected, 0, 63);
            Assert.True(mapping.GetReadOnlySpan(4096, 8192).SequenceEqual(expected.AsSpan(4096, 8192)));
        });

    public static Scenario Seals_AddedWhileFrozen_Succeed_AndAreNotCarried => Scenario
        .Of("Seals are recorded at PRESERVE_FD: later ones hold here and are gone in the next kernel.")
        .Kernel(static s =>
        {
            Memfd memfd = s.MemfdWith(4096, 64);
            memfd.AddSeals(MemfdSeals.Grow);
            LiveUpdateSession session = s.Create();
            session.Preserve(memfd, 1);
            Assert.Equal(MemfdSeals.Grow, memfd.Seals);
            memfd.AddSeals(MemfdSeals.Shrink | MemfdSeals.Seal);
            Assert.Equal(MemfdSeals.Grow | MemfdSeals.Shrink | MemfdSeals.Seal, memfd.Seals);
            session.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            Memfd memfd = s.Own(s.Retrieve().RetrieveMemfd(1));
            Assert.Equal(MemfdSeals.Grow, memfd.Seals);
            memfd.SetSize(0);
            memfd.AddSeals(MemfdSeals.Write);
        });

    public static Scenario EachSealButWrite_AddedWhileFrozen_IsNotCarried => Scenario
        .Of("F_SEAL_SEAL, SHRINK, GROW and FUTURE_WRITE can each be added to a preserved file, and none of them is carried.")
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Create();
            foreach (MemfdSeals seal in LateSeals)
            {
                Memfd memfd = s.MemfdWith(4096, (int)seal);
                session.Preserve(memfd, (ulong)seal);
                memfd.AddSeals(seal);
                Assert.Equal(seal, memfd.Seals);
            }

            session.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Retrieve();
            foreach (MemfdSeals seal in LateSeals)
            {
                Memfd memfd = s.Own(session.RetrieveMemfd((ulong)seal));
                Assert.Equal(MemfdSeals.None, memfd.Seals);
                Pattern.Verify(memfd, 4096, (int)seal);
                memfd.Write(4096, "grows"u8);
                memfd.SetSize(0);
                memfd.AddSeals(seal);
            }
        });

    public static Scenario SealWrite_EBUSY => Scenario
        .Of("F_SEAL_WRITE is EBUSY, because every page is pinned (memfd_wait_for_pins), with a writable mapping and without; so is "
            + "F_SEAL_EXEC on a file with execute bits, which implies it. An empty file has no pins.")
        .Kernel(static s =>
        {
            Memfd memfd = Frozen(s, 4096);
            Refused.With(Errno.EBUSY, () => memfd.AddSeals(MemfdSeals.Write));
            Refused.With(Errno.EBUSY, () => memfd.AddSeals(MemfdSeals.Exec));
            using (memfd.Map())
            {
                Refused.With(Errno.EBUSY, () => memfd.AddSeals(MemfdSeals.Write));
            }

            Assert.Equal(MemfdSeals.None, memfd.Seals);
            Memfd empty = s.Own(Memfd.Create(s.Kernel, "empty"));
            LiveUpdateSession session = s.Create("empty");
            session.Preserve(empty, 1);
            empty.AddSeals(MemfdSeals.Exec);
            Assert.Equal((MemfdSeals)0x3e, empty.Seals);
            session.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            Memfd empty = s.Own(s.Retrieve("empty").RetrieveMemfd(1));
            Assert.Equal(MemfdSeals.None, empty.Seals);
            empty.SetSize(1);
        });

    public static Scenario Abort_Thaws => Scenario
        .Of("Closing the session lifts the freeze: size, holes and F_SEAL_WRITE work again.")
        .Kernel(static s =>
        {
            Memfd memfd = s.MemfdWith(8192, 65);
            LiveUpdateSession session = s.Create();
            session.Preserve(memfd, 1);
            session.Abort();
            Pattern.Verify(memfd, 8192, 65);
            memfd.PunchHole(0, 4096);
            memfd.SetSize(12288);
            memfd.AddSeals(MemfdSeals.Write);
        });

    public static Scenario FailedPreserve_DoesNotFreeze => Scenario
        .Of("A preserve that fails leaves the file as it was.")
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Create();
            session.Preserve(s.MemfdWith(4096, 66), 1);
            Memfd memfd = s.MemfdWith(4096, 67);
            Refused.With(Errno.EEXIST, () => session.Preserve(memfd, 1));
            memfd.SetSize(8192);
        });

    private static readonly MemfdSeals[] LateSeals = [MemfdSeals.Seal, MemfdSeals.Shrink, MemfdSeals.Grow, MemfdSeals.FutureWrite];

    private static string Path(Memfd memfd) => $"/proc/self/fd/{RawIoctl.Number(memfd.Handle)}";

    private static SafeFileHandle Opened(Stage s, Memfd memfd, int flags) =>
        s.Own(new SafeFileHandle((nint)Refused.Not(s.Kernel.Open(Path(memfd), flags | LibC.O_CLOEXEC)), ownsHandle: true));

    private static Memfd Frozen(Stage s, long size, int seed = 1)
    {
        Memfd memfd = s.MemfdWith(size, seed);
        s.Create().Preserve(memfd, 1);
        return memfd;
    }
}
