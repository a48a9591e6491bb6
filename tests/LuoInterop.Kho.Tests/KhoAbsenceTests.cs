namespace LuoInterop.Kho.Tests;

/// <summary>Tells apart why a piece is not there, each with a sentence that says what to do.</summary>
public sealed class KhoAbsenceTests : IDisposable
{
    private readonly KhoFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void NothingCameIn_OnAColdBoot()
    {
        KhoDebugFs kho = _folder.ColdBoot().Open();
        Check(kho.ReadTree(KhoDirection.In), KhoAbsence.ColdBoot, "without a handover");
        Check(kho.ReadLuo(KhoDirection.In), KhoAbsence.ColdBoot, "without a handover");
        Check(kho.ReadKexecMetadata(KhoDirection.In), KhoAbsence.ColdBoot, "without a handover");
        Check(kho.ListSubTrees(KhoDirection.In), KhoAbsence.ColdBoot, "without a handover");
    }

    [Fact]
    public void LuoIsOff()
    {
        KhoDebugFs kho = _folder.ColdBoot().Without("out/sub_fdts/LUO").Open();
        Check(kho.ReadLuo(KhoDirection.Out), KhoAbsence.LiveUpdateOff, "liveupdate=on");
        KhoBootChain chain = kho.ReadBootChain();
        Assert.Equal(KhoAbsence.LiveUpdateOff, chain.LiveUpdates.Absence);
        Assert.Equal(0U, chain.Kexecs.Value);
    }

    [Fact]
    public void PreviousKernelHandedOverOtherThings()
    {
        KhoDebugFs kho = _folder.AfterHandover().Without("in/sub_fdts/LUO").Without("in/sub_fdts/kexec-metadata").Open();
        Check(kho.ReadLuo(KhoDirection.In), KhoAbsence.NotHandedOver, "did not hand over LUO");
        Check(kho.ReadSubTree(KhoDirection.In, "memblock"), KhoAbsence.NotHandedOver, "did not hand over memblock");
        Assert.Null(kho.ReadBootChain().PreviousRelease);
        Assert.Equal(1UL, kho.ReadBootChain().LiveUpdates.Value);
    }

    [Fact]
    public void EntryIsNotThere()
    {
        KhoDebugFs kho = _folder.ColdBoot().Without("out/fdt").Without("out/scratch_len").Open();
        Check(kho.ReadTree(KhoDirection.Out), KhoAbsence.NoSuchEntry, "out/fdt");
        Check(kho.ReadScratch(), KhoAbsence.NoSuchEntry, "out/scratch_len");
        Check(kho.ReadSubTree(KhoDirection.Out, "memblock"), KhoAbsence.NoSuchEntry, "memblock");
    }

    [Fact]
    public void DebugFsIsNotMounted()
    {
        Check(_folder.Open().ReadTree(KhoDirection.Out), KhoAbsence.DebugFsNotMounted, $"mount -t debugfs none {_folder.Parent}");
        var nowhere = new KhoDebugFs(Kernel.Linux, Path.Combine(_folder.Parent, "no", "kho"));
        Check(nowhere.ReadLuo(KhoDirection.Out), KhoAbsence.DebugFsNotMounted, "mount -t debugfs");
    }

    [Fact]
    public void DebugFsHasNoKho()
    {
        var kernel = new ScriptedKernel { FileSystemType = 0x64626720 };
        Check(_folder.Open(kernel).ReadLuo(KhoDirection.Out), KhoAbsence.KhoOff, "kho=on");
        Assert.Empty(kernel.OpenDescriptors);
    }

    [Fact]
    public void KhoDidNotStart()
    {
        Directory.CreateDirectory(_folder.Root);
        Check(_folder.Open().ReadLuo(KhoDirection.Out), KhoAbsence.KhoOff, "kernel log");
    }

    [Theory]
    [InlineData(Errno.EACCES)]
    [InlineData(Errno.EPERM)]
    public void FileMayNotBeRead(Errno errno)
    {
        var kernel = new ScriptedKernel();
        _folder.ColdBoot();
        kernel.Refusals[$"{_folder.Root}/out/sub_fdts/LUO"] = errno;
        kernel.Refusals[$"{_folder.Root}/out/sub_fdts"] = errno;
        Check(_folder.Open(kernel).ReadLuo(KhoDirection.Out), KhoAbsence.NoPermission, "run as root", errno);
        Check(_folder.Open(kernel).ListSubTrees(KhoDirection.Out), KhoAbsence.NoPermission, "run as root", errno);
    }

    // The mount point is mode 0700: without root, what is below it cannot be told from what is not there.
    [Fact]
    public void MountPointMayNotBeSearched()
    {
        var kernel = new ScriptedKernel();
        kernel.Refusals[_folder.Parent] = Errno.EACCES;
        Check(_folder.Open(kernel).ReadLuo(KhoDirection.Out), KhoAbsence.NoPermission, "run as root", Errno.ENOENT);
        kernel.Refusals[_folder.Root] = Errno.EACCES;
        Check(_folder.Open(kernel).ReadLuo(KhoDirection.Out), KhoAbsence.NoPermission, "run as root", Errno.ENOENT);
    }

    [Fact]
    public void OtherRefusals_KeepTheirNumber()
    {
        var kernel = new ScriptedKernel();
        _folder.ColdBoot();
        kernel.Refusals[$"{_folder.Root}/out/sub_fdts/LUO"] = Errno.EMFILE;
        Check(_folder.Open(kernel).ReadLuo(KhoDirection.Out), KhoAbsence.Refused, "EMFILE", Errno.EMFILE);
        kernel.ReadErrors.Enqueue(Errno.EIO);
        Check(_folder.Open(kernel).ReadKexecMetadata(KhoDirection.Out), KhoAbsence.Refused, "EIO", Errno.EIO);
        kernel.Refusals.Clear();
        kernel.Refusals[$"{_folder.Root}/out/fdt"] = Errno.ENOENT;
        kernel.Refusals[_folder.Root] = Errno.EIO;
        Check(_folder.Open(kernel).ReadTree(KhoDirection.Out), KhoAbsence.Refused, "EIO", Errno.ENOENT);
        Assert.Empty(kernel.OpenDescriptors);
    }

    [Fact]
    public void Reading_GoesOnAfterASignal_AndInPieces()
    {
        var kernel = new ScriptedKernel();
        kernel.ReadErrors.Enqueue(Errno.EINTR);
        KhoReading<KhoKexecMetadata> reading = _folder.ColdBoot().Open(kernel).ReadKexecMetadata(KhoDirection.Out);
        Assert.Equal(new KhoKexecMetadata("7.3.4", 1), reading.Value);
        Assert.Empty(kernel.OpenDescriptors);
    }

    private static void Check<T>(KhoReading<T> reading, KhoAbsence absence, string words, Errno errno = Errno.ENOENT)
    {
        Assert.Equal(KhoState.Absent, reading.State);
        Assert.Equal(absence, reading.Absence);
        Assert.Equal(errno, reading.Errno);
        Assert.Contains(words, reading.Detail, StringComparison.Ordinal);
        Assert.Equal($"Absent: {reading.Detail}", reading.ToString());
        Assert.Throws<InvalidOperationException>(() => reading.Value);
    }
}
