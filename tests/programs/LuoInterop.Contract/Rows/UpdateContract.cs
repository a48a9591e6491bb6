using Xunit;

namespace LuoInterop.Contract.Rows;

/// <summary>Names and states.</summary>
[Section(13, "Names and states (LiveUpdate)", "kernel/liveupdate/luo_session.c, mm/memfd_luo.c")]
public static class UpdateContract
{
    /// <summary>The kexec is not the update's own: what was preserved until then goes over, by name,
    /// in every state that it was in.</summary>
    public static Scenario NamesAndStates_Survive_InTheirLastVersion => Scenario
        .Of("Content of a preserved file can change until the kexec, that of the catalogue under token 0 too: names and states go "
            + "over as they were last.")
        .Kernel(static s =>
        {
            LiveUpdate update = s.Own(LiveUpdate.Open(s.Kernel, s.Name()));
            Assert.False(update.Resumed);
            Memfd ram = s.MemfdWith(1 << 20, 77);
            update.Preserve("ram", ram).PreserveBytes("state", "first"u8);
            Pattern.Fill(ram, 78);
            update.PreserveBytes("state", "second"u8, 2);
            update.Outgoing!.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            LiveUpdate update = s.Own(LiveUpdate.Open(s.Kernel, s.Name()));
            Assert.True(update.Resumed);
            Assert.Equal(1, update.KexecsCount);
            Memfd ram = s.Own(update.RetrieveMemfd("ram"));
            Pattern.Verify(ram, 1 << 20, 78);
            Assert.Equal("second"u8, update.RetrieveBytes("state", 2, out int version));
            Assert.Equal(2, version);
            Refused.With(Errno.EBUSY, () => update.Preserve("ram", ram));
            update.Finish();
            update.Preserve("ram", ram);
            update.Abort();
        });

    public static Scenario Handover_Refused_LeavesEverythingAsBefore => Scenario
        .Of("A handover without an image, or into one that another program loaded, is refused; files, sizes and states are as "
            + "before, and go over with the next kexec.")
        .Kernel(static s =>
        {
            LiveUpdate update = s.Own(LiveUpdate.Open(s.Kernel, s.Name()));
            Memfd ram = s.MemfdWith(8192, 79);
            update.Preserve("ram", ram).PreserveBytes("state", "before"u8);
            KexecImage image = KexecImage.Load(s.Kernel, s.NextKernelPath, null, "kho=on liveupdate=on");
            KexecImage taken = KexecImage.TakeLoaded(s.Kernel);
            Refused.With(Errno.ESTALE, () => update.Handover(taken));
            KexecImage.Unload(s.Kernel);
            Refused.With(Errno.EINVAL, () => update.Handover(image));
            Refused.With(Errno.EINVAL, () => KexecImage.TakeLoaded(s.Kernel));
            Assert.False(update.Outgoing!.IsHeld);
            Refused.With(Errno.EPERM, () => ram.SetSize(4096));
            Pattern.Fill(ram, 80);
            update.PreserveBytes("state", "after"u8);
            update.Outgoing.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            LiveUpdate update = s.Own(LiveUpdate.Open(s.Kernel, s.Name()));
            Pattern.Verify(s.Own(update.RetrieveMemfd("ram")), 8192, 80);
            Assert.Equal("after"u8, update.RetrieveBytes("state"));
            update.Finish();
        });
}
