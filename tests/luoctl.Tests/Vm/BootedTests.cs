using System.Text.Json;
using Xunit;

namespace LuoInterop.Cli.Tests.Vm;

/// <summary>Holds what luoctl says on Linux 7.3: ready, after a handover, and with each of the two words forgotten.</summary>
[Trait("Category", "VM")]
public sealed class BootedTests(BootedRun run) : IClassFixture<BootedRun>
{
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Doctor_FindsNothingInTheWay(int stage)
    {
        JsonElement doctor = BootedRun.Document(run.Ordinary, "doctor", "doctor", stage);
        Assert.True(doctor.GetProperty("answer").GetString() == "ready", doctor.ToString());
        Assert.Equal("0", BootedRun.Code(run.Ordinary, "doctor", stage));
        Assert.All(
            (string[])["kernel-release", "config-kho", "boot-kho", "boot-liveupdate", "kho", "luo", "handover", "kernel-log", "device",
                "device-access", "device-holder", "pid-namespace", "kexec-permission", "memory-cma", "memfd-noexec"],
            id => Assert.Equal((id, "ok"), (id, BootedRun.Verdict(doctor, id))));
    }

    [Fact]
    public void Kho_OfAColdBoot_GotNothing_AndItsTreeIsCutShort()
    {
        JsonElement kho = BootedRun.Document(run.Ordinary, "kho", "kho");
        Assert.Equal("ColdBoot", kho.GetProperty("in").GetProperty("tree").GetProperty("absence").GetString());
        Assert.Equal("Truncated", kho.GetProperty("out").GetProperty("tree").GetProperty("state").GetString());
        Assert.Equal(0, kho.GetProperty("liveUpdates").GetInt64());
        Assert.True(kho.GetProperty("areas").GetProperty("value").GetArrayLength() >= 2);
        Assert.Equal("luo-v5", kho.GetProperty("out").GetProperty("luo").GetProperty("value").GetProperty("compatible").GetString());
    }

    [Fact]
    public void Kho_AfterAKexec_GotTheTreeOfTheKernelBefore()
    {
        JsonElement kho = BootedRun.Document(run.Ordinary, "kho", "kho", stage: 2);
        Assert.Equal("kho-v4", kho.GetProperty("in").GetProperty("tree").GetProperty("value").GetProperty("compatible").GetString());
        Assert.Equal("KhoBoot", kho.GetProperty("out").GetProperty("tree").GetProperty("absence").GetString());
        Assert.Equal((1, 1), (kho.GetProperty("liveUpdates").GetInt64(), kho.GetProperty("kexecs").GetInt64()));
        Assert.Equal(kho.GetProperty("release").GetString(), kho.GetProperty("previousRelease").GetString());
    }

    [Fact]
    public void HeldDevice_HasAHolderWithAName()
    {
        JsonElement held = BootedRun.Document(run.Ordinary, "held", "doctor");
        Assert.Equal(("warn", "0"), (BootedRun.Verdict(held, "device-holder"), BootedRun.Code(run.Ordinary, "held")));
        JsonElement holder = Assert.Single(
            BootedRun.Document(run.Ordinary, "held-sessions", "sessions").GetProperty("deviceHolders").EnumerateArray());
        Assert.Equal(("bash", "root"), (holder.GetProperty("name").GetString(), holder.GetProperty("user").GetString()));
    }

    [Fact]
    public void PreservedFiles_ComeBackWithModesAndTimes_Once()
    {
        JsonElement held = Assert.Single(
            BootedRun.Document(run.Ordinary, "preserved-sessions", "sessions").GetProperty("sessions").EnumerateArray());
        Assert.Equal("by-hand", held.GetProperty("name").GetString());
        JsonElement back = BootedRun.Document(run.Ordinary, "retrieved", "retrieve", stage: 2);
        Assert.Equal(["tree", "one", "stdin"], back.GetProperty("files").EnumerateArray()
            .Select(static file => file.GetProperty("name").GetString()));
        string before = BootedRun.Code(run.Ordinary, "tree");
        Assert.Contains("one 4711 1000000000", before, StringComparison.Ordinal);
        Assert.Equal(before, BootedRun.Code(run.Ordinary, "tree", stage: 2));
        Assert.Equal("piped", BootedRun.Code(run.Ordinary, "pipe", stage: 2));
        Assert.Equal("1", BootedRun.Code(run.Ordinary, "again", stage: 2));
    }

    [Theory]
    [InlineData("kexec-held", "1", "not-ready", "nobody holds the session 'nobody'", "has the device open")]
    [InlineData("kexec-off", "1", "not-ready", "check-next: lost without a word", "has the device open")]
    public void Kexec_ThatWouldLose_IsRefused(string name, string code, string answer, params string[] refusals)
    {
        JsonElement kexec = BootedRun.Document(run.Ordinary, name, "kexec");
        Assert.Equal((code, answer), (BootedRun.Code(run.Ordinary, name), kexec.GetProperty("answer").GetString()));
        string[] said = [.. kexec.GetProperty("refusals").EnumerateArray().Select(static text => text.GetString()!)];
        Assert.All(refusals, refusal => Assert.Contains(said, text => text.Contains(refusal, StringComparison.Ordinal)));
    }

    // That it jumps indeed, with the image named by --from, the second kernel shows.
    [Theory]
    [InlineData("kexec-from", "0")]
    [InlineData("kexec-ready", "0")]
    [InlineData("kexec-unasked", "2")]
    public void Kexec_ThatCarriesAll_IsReady_AndDoesNothingUnasked(string name, string code)
    {
        JsonElement kexec = BootedRun.Document(run.Ordinary, name, "kexec");
        Assert.Equal("ready", kexec.GetProperty("answer").GetString());
        Assert.Equal("by-hand", Assert.Single(kexec.GetProperty("sessions").EnumerateArray()).GetProperty("name").GetString());
        Assert.Equal(code, BootedRun.Code(run.Ordinary, name));
    }

    [Fact]
    public void Kexec_WithoutTheImageOfTheRunningKernel_IsUnknown_AndNamesTheWayOut()
    {
        JsonElement kexec = BootedRun.Document(run.Ordinary, "kexec-unknown", "kexec");
        Assert.Equal(("3", "unknown"), (BootedRun.Code(run.Ordinary, "kexec-unknown"), kexec.GetProperty("answer").GetString()));
        Assert.EndsWith(
            "; the image of the kernel that runs was not found, and --from names it",
            Assert.Single(kexec.GetProperty("unknown").EnumerateArray()).GetString(),
            StringComparison.Ordinal);
    }

    [Fact]
    public void LoadedKernel_IsSeen_AndByWhichCallIsNotKnown()
    {
        JsonElement loaded = BootedRun.Document(run.Ordinary, "loaded", "doctor");
        Assert.Equal("ok", BootedRun.Verdict(loaded, "kexec-loaded"));
        Assert.Contains(BootedRun.Verdict(loaded, "kexec-load-call"), (string[])["unknown", "ok"]);
    }

    [Fact]
    public void ForgottenLiveUpdate_IsFound()
    {
        JsonElement doctor = BootedRun.Document(run.WithoutLiveUpdate, "doctor", "doctor");
        Assert.Equal(
            ("1", "ok", "fail", "ok", "fail", "fail"),
            (BootedRun.Code(run.WithoutLiveUpdate, "doctor"), BootedRun.Verdict(doctor, "boot-kho"),
                BootedRun.Verdict(doctor, "boot-liveupdate"),
                BootedRun.Verdict(doctor, "kho"), BootedRun.Verdict(doctor, "luo"), BootedRun.Verdict(doctor, "device")));
        JsonElement kho = BootedRun.Document(run.WithoutLiveUpdate, "kho", "kho");
        Assert.Equal("LiveUpdateOff", kho.GetProperty("out").GetProperty("luo").GetProperty("absence").GetString());
        Assert.Equal("0", BootedRun.Code(run.WithoutLiveUpdate, "kho"));
    }

    [Fact]
    public void KhoThatIsOff_IsFound()
    {
        JsonElement doctor = BootedRun.Document(run.WithoutKho, "doctor", "doctor");
        Assert.Equal(
            ("1", "fail", "fail", "fail", "ok"),
            (BootedRun.Code(run.WithoutKho, "doctor"), BootedRun.Verdict(doctor, "boot-kho"), BootedRun.Verdict(doctor, "kho"),
                BootedRun.Verdict(doctor, "device"), BootedRun.Verdict(doctor, "memory-kho")));
        Assert.Equal("1", BootedRun.Code(run.WithoutKho, "kho"));
        Assert.False(BootedRun.Document(run.WithoutKho, "sessions", "sessions").GetProperty("device").GetBoolean());
    }
}
