using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using LuoInterop.Cli.Output;
using LuoInterop.Cli.Status;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.Cli.Tests.Status;

/// <summary>Runs <c>luoctl status</c> as a user does, and holds what it says of kernel and device beside uname(1) and stat(1).</summary>
public sealed class StatusCommandTests
{
    private static readonly LiveUpdateAvailability s_available =
        new(LiveUpdateUnavailableReason.None, Errno.None, "/dev/liveupdate is open.", "");

    private static readonly LiveUpdateAvailability s_busy = new(
        LiveUpdateUnavailableReason.Busy, Errno.EBUSY, "Somebody has it open.", "Wait.");

    [Fact]
    public void Json_IsThisMachine_AndTheExitCodeSaysWhetherItIsUsable()
    {
        (int code, string output, string error) = Run("--json");
        JsonElement root = Schemas.Hold("status", output);

        Assert.Equal("", error);
        Assert.Equal(root.GetProperty("usable").GetBoolean() ? 0 : 1, code);
        Assert.Equal(Said("uname", "-r", "-m"), $"{root.GetProperty("release")} {root.GetProperty("machine")}");
        Assert.Equal(
            root.GetProperty("usable").GetBoolean(), root.GetProperty("reason").GetString() == nameof(LiveUpdateUnavailableReason.None));
        Assert.Equal(root.GetProperty("usable").GetBoolean(), root.GetProperty("errno").GetString() == nameof(Errno.None));
        Assert.Equal(File.Exists(LiveUpdateDevice.DefaultPath), root.GetProperty("device").ValueKind == JsonValueKind.Object);
        if (LiveUpdateDevice.TryOpen(Kernel.Linux, out LiveUpdateDevice? device, out LiveUpdateAvailability availability))
        {
            device.Dispose();
        }

        Assert.Equal(
            (availability.Message, availability.Advice), (root.GetProperty("message").GetString(), root.GetProperty("advice").GetString()));
    }

    [Fact]
    public void Text_HasALineForEachThing()
    {
        (_, string output, string error) = Run();
        string[] lines = [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where(static line => line[0] != ' ')];
        Assert.Equal("", error);
        Assert.Equal(["kernel", "command line", "device", "next kernel", "live update"], lines.Select(static line => line[..15].Trim()));
        Assert.Equal(Said("uname", "-r", "-m"), lines[0][15..]);
    }

    [Theory]
    [InlineData("0600")]
    [InlineData("0660")]
    [InlineData("2402")]
    public void Node_IsAsStatSaysIt(string mode)
    {
        string path = Path.GetTempFileName();
        try
        {
            Assert.Equal("", Said("chmod", mode, path));
            DeviceNode node = Assert.IsType<DeviceNode>(DeviceNode.Read(path));
            Assert.Equal(Said("stat", "-c", "%U:%G %a", path), $"{node.Owner}:{node.Group} {Convert.ToString(node.Mode, 8)}");
            Assert.Equal((mode, path), (node.ModeText, node.Path));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void Node_ThatIsNotThere_IsNull() => Assert.Null(DeviceNode.Read("/dev/no-such-device"));

    [Fact]
    public void Node_OfNobodyKnown_HasNumbers()
    {
        if (!Environment.IsPrivilegedProcess)
        {
            // Only root gives files away; /proc of this process belongs to a user who is known.
            Assert.Equal(Environment.UserName, DeviceNode.Read("/proc/self")!.Owner);
            return;
        }

        string path = Path.GetTempFileName();
        try
        {
            Assert.Equal("", Said("chown", "3999999991:3999999992", path));
            DeviceNode node = DeviceNode.Read(path)!;
            Assert.Equal(("3999999991", "3999999992"), (node.Owner, node.Group));
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Theory]
    [InlineData("", "")]
    [InlineData("quiet root=/dev/sda1 khost=1 nokho", "")]
    [InlineData("kho=on  console=ttyS0 liveupdate=on", "kho=on liveupdate=on")]
    [InlineData("liveupdate=off kho liveupdate=on", "liveupdate=off kho liveupdate=on")]
    public void Switches_AreTheWordsOfTheCommandLine(string commandLine, string expected) =>
        Assert.Equal(expected, string.Join(' ', StatusReport.SwitchesOf(commandLine)));

    [Fact]
    public void Text_OfAMachineThatCanBeUpdated()
    {
        var output = new StringWriter(CultureInfo.InvariantCulture);
        var node = new DeviceNode("/dev/liveupdate", "root", "vmm", 0x1b0, MayOpen: true);
        new StatusReport("7.3.4", "x86_64", ["kho=on", "liveupdate=on"], node, true, s_available, null)
            .WriteText(new(output, colour: false));
        Assert.Equal(
            """
            kernel         7.3.4 x86_64
            command line   kho=on liveupdate=on
            device         /dev/liveupdate root:vmm 0660, this user may open it
            next kernel    loaded
            live update    usable

            """,
            output.ToString());
    }

    [Fact]
    public void BusyDevice_IsNotUsable_AndItsHolderIsNamed()
    {
        var node = new DeviceNode("/dev/liveupdate", "root", "root", 0x180, MayOpen: false);
        var report = new StatusReport("7.3.4", "aarch64", [], node, null, s_busy, "systemd (pid 1)");
        var text = new StringWriter(CultureInfo.InvariantCulture);
        report.WriteText(new TextOutput(text, colour: false));
        Assert.Equal(
            """
            kernel         7.3.4 aarch64
            command line   says neither kho= nor liveupdate=
            device         /dev/liveupdate root:root 0600, this user may not open it
            next kernel    unknown
            live update    not usable: Somebody has it open. Wait. It is held by systemd
                           (pid 1).

            """,
            text.ToString());

        JsonElement root = Schemas.Hold("status", report.ToJson().ToJsonString());
        Assert.Equal(
            (false, "Busy", "EBUSY", "systemd (pid 1)", JsonValueKind.Null, "0600", false),
            (root.GetProperty("usable").GetBoolean(), root.GetProperty("reason").GetString(), root.GetProperty("errno").GetString(),
                root.GetProperty("holders").GetString(), root.GetProperty("nextKernelLoaded").ValueKind,
                root.GetProperty("device").GetProperty("mode")
                    .GetString(), root.GetProperty("device").GetProperty("mayOpen").GetBoolean()));
    }

    private static (int Code, string Output, string Error) Run(params string[] words) => Luoctl.Run(["status", .. words]);

    private static string Said(string program, params string[] words)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, words) { RedirectStandardOutput = true })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output.TrimEnd('\n');
    }
}
