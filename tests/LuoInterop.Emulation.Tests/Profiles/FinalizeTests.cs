using System.Buffers.Binary;
using LuoInterop.Kho;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Profiles;

/// <summary>Proves debugfs's files of every release, and what <c>out/finalize</c> does (contract, section 4).</summary>
public class FinalizeTests
{
    private const string File = Releases.Kho + "/out/finalize";

    [Theory]
    [InlineData("6.18", "finalize scratch_len scratch_phys sub_fdts")]
    [InlineData("6.19", "fdt finalize scratch_len scratch_phys sub_fdts")]
    [InlineData("7.0", "fdt finalize scratch_len scratch_phys sub_fdts")]
    [InlineData("7.1", "fdt scratch_len scratch_phys sub_fdts")]
    [InlineData("7.2", "fdt scratch_len scratch_phys sub_fdts")]
    [InlineData("7.3", "fdt scratch_len scratch_phys sub_fdts")]
    public void OutFolder_OfAColdBoot_AndOfAKhoBoot(string release, string cold)
    {
        using EmulatedMachine machine = Releases.Machine(release);
        Assert.Equal(cold, string.Join(' ', machine.Boot().Names(Releases.Kho + "/out")));
        string kho = string.Join(' ', machine.Kexec(release, Releases.On).Names(Releases.Kho + "/out"));
        Assert.Equal(
            cold.Replace("fdt finalize", "finalize", StringComparison.Ordinal).Replace("fdt scratch", "scratch", StringComparison.Ordinal),
            kho);
    }

    // The file's length is fixed before LUO's node comes into the tree.
    [Theory]
    [InlineData("6.19", 152)]
    [InlineData("7.0", 152)]
    [InlineData("7.1", 233)]
    [InlineData("7.2", 233)]
    public void OutFdt_OfAColdBoot_IsCutOff(string release, int length)
    {
        using EmulatedMachine machine = Releases.Machine(release);
        byte[] fdt = machine.Boot().ReadFile(Releases.Kho + "/out/fdt");
        Assert.InRange(BinaryPrimitives.ReadInt32BigEndian(fdt.AsSpan(4)), fdt.Length + 1, 4096);
        Assert.Equal(length, fdt.Length);
    }

    [Fact]
    public void Linux618_FinalizesOnce_AndTakesItBack()
    {
        using EmulatedMachine machine = Releases.Machine("6.18");
        EmulatedProcess kernel = machine.Boot();
        Assert.Equal("0\n", kernel.ReadText(File));
        Assert.Equal(ENOENT, kernel.WriteFile(File, "0"));
        Assert.Equal(2, kernel.WriteFile(File, "1\n"));
        Assert.Equal("1\n", kernel.ReadText(File));
        Assert.Equal(EEXIST, kernel.WriteFile(File, "7"));

        // The tree is complete now, and shown.
        byte[] fdt = kernel.ReadFile(Releases.Kho + "/out/fdt");
        Assert.Equal(fdt.Length, BinaryPrimitives.ReadInt32BigEndian(fdt.AsSpan(4)));
        Assert.Equal(1, kernel.WriteFile(File, "0"));
        Assert.Equal(ENOENT, kernel.Open(Releases.Kho + "/out/fdt", O_RDONLY));
        Assert.Equal("0\n", kernel.ReadText(File));
        Assert.Equal(1, kernel.WriteFile(File, "1"));
    }

    [Theory]
    [InlineData("6.19")]
    [InlineData("7.0")]
    public void Linux619_FinalizesAgain_AndNeverTakesItBack(string release)
    {
        using EmulatedMachine machine = Releases.Machine(release);
        EmulatedProcess kernel = machine.Boot();
        Assert.Equal("0\n", kernel.ReadText(File));
        Assert.Equal(EINVAL, kernel.WriteFile(File, "0"));
        Assert.Equal(1, kernel.WriteFile(File, "1"));
        Assert.Equal(1, kernel.WriteFile(File, "1"));
        Assert.Equal("1\n", kernel.ReadText(File));
        Assert.Equal(EINVAL, kernel.WriteFile(File, "0"));
    }

    [Theory]
    [InlineData("yes")]
    [InlineData("-1")]
    [InlineData("")]
    [InlineData("1 1")]
    public void OtherTexts_AreNoNumbers(string text)
    {
        using EmulatedMachine machine = Releases.Machine("7.0");
        EmulatedProcess kernel = machine.Boot();
        Assert.Equal(EINVAL, kernel.WriteFile(File, text));
        Assert.Equal("0\n", kernel.ReadText(File));
    }

    [Theory]
    [InlineData("0x1")]
    [InlineData("+1\n")]
    [InlineData("18446744073709551615")]
    public void AnyNumberButZero_Finalizes(string text)
    {
        using EmulatedMachine machine = Releases.Machine("7.0");
        EmulatedProcess kernel = machine.Boot();
        Assert.Equal(text.Length, kernel.WriteFile(File, text));
        Assert.Equal("1\n", kernel.ReadText(File));
    }

    [Fact]
    public void Mode_IsRootsToReadAndWrite()
    {
        using EmulatedMachine machine = Releases.Machine("7.0");
        EmulatedProcess kernel = machine.Boot();
        using var file = new Descriptor(kernel, kernel.Open(File, O_RDWR));
        Assert.Equal(0x180U, kernel.Status(file).Mode & 0xfff);
    }

    // 6.18 tells an image of KHO only once it is finalized; nobody tells the image afterwards.
    [Theory]
    [InlineData(true, true, true)]
    [InlineData(true, false, true)]
    [InlineData(false, true, false)]
    [InlineData(false, false, false)]
    [Difference("no-map-no-handover")]
    public void Linux618_ImageCarriesKho_WhenItWasFinalizedBefore(bool before, bool after, bool carried)
    {
        using EmulatedMachine machine = Releases.Machine("6.18");
        EmulatedProcess kernel = machine.Boot();
        Assert.True(!before || kernel.WriteFile(File, "1") == 1);
        Assert.Equal(0, kernel.Load("6.18.6"));
        Assert.True(!after || kernel.WriteFile(File, "1") == (before ? EEXIST : 1));
        Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));
        Assert.Equal(carried ? ["in", "out"] : ["out"], machine.Boot().Names(Releases.Kho));
    }

    // Taken back, the map that the image leads to is free memory, and what is found there is no map.
    [Fact]
    public void Linux618_TakenBackAfterTheLoad_PanicsTheNextKernel()
    {
        using EmulatedMachine machine = Releases.Machine("6.18");
        EmulatedProcess kernel = machine.Boot();
        Assert.Equal(1, kernel.WriteFile(File, "1"));
        Assert.Equal(0, kernel.Load("6.18.6"));
        Assert.Equal(1, kernel.WriteFile(File, "0"));
        Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));
        Assert.Contains("page fault", Assert.Throws<EmulatedKernelPanicException>(machine.Boot).Message, StringComparison.Ordinal);
    }

    // Without LUO nobody finalizes at the reboot: the tree names no map, and the next kernel takes nothing.
    [Theory]
    [InlineData("6.19", false, false)]
    [InlineData("6.19", true, true)]
    [InlineData("7.0", false, false)]
    [InlineData("7.0", true, true)]
    [InlineData("7.1", false, true)]
    [InlineData("7.3", false, true)]
    public void WithoutLiveUpdate_TheMapIsWrittenByHandOrAlways(string release, bool finalize, bool taken)
    {
        using EmulatedMachine machine = Releases.Machine(release, "kho=on");
        EmulatedProcess kernel = machine.Boot();
        Assert.Equal(0, kernel.Load(release));
        Assert.True(!finalize || kernel.WriteFile(File, "1") == 1);
        Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));
        Assert.Equal(taken ? ["in", "out"] : ["out"], machine.Boot().Names(Releases.Kho));
    }

    // The sessions are frozen by then, and are so again at the next try.
    [Theory]
    [InlineData("6.19", EAGAIN)]
    [InlineData("7.0", EAGAIN)]
    public void Reboot_WithoutMemoryForTheMap_IsEagain_AndCanBeTriedAgain(string release, int result)
    {
        using EmulatedMachine machine = Releases.Machine(release);
        EmulatedProcess kernel = machine.Boot();
        Descriptor session = kernel.Create(kernel.OpenDevice(), "s");
        Assert.Equal(0, kernel.Preserve(session, kernel.MemfdWith([1, 2, 3]).Fd, 1));
        Assert.Equal(0, kernel.Load(release));
        LuoInterop.Emulation.Kho.PageFrames frames = kernel.Running.Handover.Frames;
        var taken = new List<(ulong First, ulong Count)>();
        for (ulong count = 1UL << 30; count > 0; count /= 2)
        {
            while (frames.TryAllocate(count, 1, out ulong first))
            {
                taken.Add((first, count));
            }
        }

        while (frames.AllocatePage() != 0)
        {
        }

        Assert.Equal(ENOMEM, kernel.WriteFile(File, "1"));
        Assert.Equal(result, kernel.Reboot(KexecCommand));
        taken.ForEach(run => frames.Free(run.First, run.Count));
        Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));
        EmulatedProcess next = machine.Boot();
        using Descriptor file = next.Retrieve(next.RetrieveSession(next.OpenDevice(), "s"), 1);
        Assert.Equal([1, 2, 3], next.Content(file, 3));
    }

    // What is preserved after the file was written goes over all the same: LUO writes the map anew.
    [Theory]
    [InlineData("6.19")]
    [InlineData("7.0")]
    public void Linux619_LuoFinalizesAtTheReboot(string release)
    {
        using EmulatedMachine machine = Releases.Machine(release);
        EmulatedProcess kernel = machine.Boot();
        Assert.Equal(0, kernel.Load(release));
        Assert.Equal(1, kernel.WriteFile(File, "1"));
        Descriptor session = kernel.Create(kernel.OpenDevice(), "s");
        Assert.Equal(0, kernel.Preserve(session, kernel.MemfdWith([1, 2, 3]).Fd, 1));
        Assert.Throws<EmulatedKexecException>(() => kernel.Reboot(KexecCommand));
        EmulatedProcess next = machine.Boot();
        using Descriptor file = next.Retrieve(next.RetrieveSession(next.OpenDevice(), "s"), 1);
        Assert.Equal([1, 2, 3], next.Content(file, 3));
    }
}
