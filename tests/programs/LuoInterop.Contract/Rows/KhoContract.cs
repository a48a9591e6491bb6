using LuoInterop.Kho;
using Xunit;

namespace LuoInterop.Contract.Rows;

/// <summary>What debugfs shows of KHO.</summary>
[Section(8, "What debugfs shows of KHO", "kernel/liveupdate/kexec_handover.c, kexec_handover_debugfs.c")]
public static class KhoContract
{
    public static Scenario DebugFs_TellsColdBootFromKexec_AndCounts => Scenario
        .Of("out/fdt exists on a cold boot only and is cut short there; in/ exists after a kexec only; the counters in out/sub_fdts "
            + "rise by one a kexec.")
        .Kernel(static s =>
        {
            var kho = new KhoDebugFs(s.Kernel);
            KhoReading<KhoTree> incoming = kho.ReadTree(KhoDirection.In);
            Assert.Equal((KhoState.Absent, KhoAbsence.ColdBoot), (incoming.State, incoming.Absence));
            KhoReading<KhoTree> outgoing = kho.ReadTree(KhoDirection.Out);
            Assert.Equal(KhoState.Truncated, outgoing.State);
            Assert.Contains(outgoing.Value.SubTrees, static tree => tree.Name == "kexec-metadata");
            Assert.Contains("LUO", kho.ListSubTrees(KhoDirection.Out).Value);
            Assert.Contains("kexec-metadata", kho.ListSubTrees(KhoDirection.Out).Value);
            Assert.Equal(1UL, kho.ReadLuo(KhoDirection.Out).Value.LiveUpdateNumber);
            Assert.Equal(1u, kho.ReadKexecMetadata(KhoDirection.Out).Value.KexecCount);
            Assert.Equal(KhoAbsence.ColdBoot, kho.ReadKexecMetadata(KhoDirection.In).Absence);
            CheckChain(kho, updates: 0, previous: null);
            IReadOnlyList<KhoScratchArea> scratch = kho.ReadScratch().Value;
            Assert.NotEmpty(scratch);
            Assert.All(scratch, static area => Assert.True(area.Length > 0 && area.Address % 4096 == 0));
            s.Note("release", s.Kernel.Release);
            s.Note("scratch", string.Join(' ', scratch));
        })
        .Kernel(static s =>
        {
            var kho = new KhoDebugFs(s.Kernel);
            KhoReading<KhoTree> incoming = kho.ReadTree(KhoDirection.In);
            Assert.Equal((KhoState.Present, "kho-v4"), (incoming.State, incoming.Value.Compatible));
            Assert.NotEqual(0UL, incoming.Value.PreservedMemoryMap);
            KhoSubTree luo = Assert.Single(incoming.Value.SubTrees, static tree => tree.Name == "LUO");
            Assert.Equal(32UL, luo.BlobSize);
            KhoReading<KhoTree> outgoing = kho.ReadTree(KhoDirection.Out);
            Assert.Equal((KhoState.Absent, KhoAbsence.KhoBoot), (outgoing.State, outgoing.Absence));

            // The kernel freed the page of in/sub_fdts/LUO before it showed it: whatever stands there is never plain truth.
            KhoReading<LuoState> stale = kho.ReadLuo(KhoDirection.In);
            Assert.True(
                stale.State == KhoState.Stale || (stale.State == KhoState.Present && stale.Detail.Length > 0),
                $"in/sub_fdts/LUO was read as {stale.State} ({stale.Detail}).");
            Assert.Equal(1u, kho.ReadKexecMetadata(KhoDirection.In).Value.KexecCount);
            CheckChain(kho, updates: 1, previous: s.Recall("release"));
            Assert.Equal(s.Recall("scratch"), string.Join(' ', kho.ReadScratch().Value));
            s.Note("second release", s.Kernel.Release);
        })
        .Kernel(static s => CheckChain(new KhoDebugFs(s.Kernel), updates: 2, previous: s.Recall("second release")));

    private static void CheckChain(KhoDebugFs kho, ulong updates, string? previous)
    {
        KhoBootChain chain = kho.ReadBootChain();
        Assert.Equal(updates, chain.LiveUpdates.Value);
        Assert.Equal(updates, chain.Kexecs.Value);
        Assert.Equal(previous, chain.PreviousRelease);
    }
}
