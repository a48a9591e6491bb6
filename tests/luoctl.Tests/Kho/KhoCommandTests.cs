using System.Text.Json;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.Cli.Tests.Kho;

/// <summary>Runs <c>luoctl kho</c> on folders as kernels of all versions show them.</summary>
public sealed class KhoCommandTests : IDisposable
{
    private const string Debug = "sys/kernel/debug/kho";
    private readonly MachineFolder _machine = MachineFolder.Ready();

    public void Dispose() => _machine.Dispose();

    [Fact]
    public void ColdBoot_IsShown()
    {
        (int code, string output, string error) = Run();
        Assert.Equal((0, ""), (code, error));
        Assert.Equal(
            """
            kernel         7.3.4
            KHO            on. 0 live updates, 0 kexecs since the last cold boot.
            LUO            luo-v5, live update number 1, no sessions written yet
            scratch        132 MiB kept for the next kernel, 1.6% of the memory; CmaTotal 0
                           B does not count it, CmaFree 256 MiB does

              area            address     size  share
              low memory    0x1000000    4 MiB   0.0%
              global      0x100000000  128 MiB   1.6%

            Handed over by the kernel before
              This kernel was started without a handover (a cold boot, or a kexec whose
              handover was not taken).

            Will be handed over to the next kernel
              tree         kho-v4, preserved memory listed at 0x5000
              metadata     Linux 7.3.4, kexec number 1
              LUO          luo-v5, live update number 1, no sessions written yet

              sub-tree        shown  address  size
              LUO              32 B   0x7000  32 B
              kexec-metadata   73 B   0x6000  73 B

            """.ReplaceLineEndings("\n"),
            output);
    }

    [Fact]
    public void Handover_StaleAndAbsentParts_AreNamed()
    {
        _machine.AfterHandover();
        (int code, string output, string error) = Run();
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("1 live update, 1 kexec since the last cold boot", output, StringComparison.Ordinal);
        Assert.Contains("stale:", output, StringComparison.Ordinal);
        string unwrapped = string.Join(' ', output.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries));
        Assert.Contains("does not show its outgoing tree", unwrapped, StringComparison.Ordinal);
        Assert.All(output.Split('\n'), static line => Assert.True(line.Length <= 80, line));

        JsonElement root = Schemas.Hold("kho", Run("--json").Output);
        Assert.Equal("Stale", root.GetProperty("in").GetProperty("luo").GetProperty("state").GetString());
        Assert.Equal("KhoBoot", root.GetProperty("out").GetProperty("tree").GetProperty("absence").GetString());
    }

    [Fact]
    public void CutTree_IsNamed()
    {
        _machine.With($"{Debug}/out/fdt", MachineFolder.Tree()[..^20]);
        Assert.Contains("cut short:", Run().Output, StringComparison.Ordinal);
        JsonElement tree = Schemas.Hold("kho", Run("--json").Output).GetProperty("out").GetProperty("tree");
        Assert.Equal("Truncated", tree.GetProperty("state").GetString());
    }

    [Theory]
    [InlineData("kho-v1", null)]
    [InlineData("kho-v3", 73L)]
    [InlineData("kho-v4", 73L)]
    public void EveryForm_IsRead(string form, long? size)
    {
        _machine.AfterHandover(form);
        JsonElement tree = Schemas.Hold("kho", Run("--json").Output).GetProperty("in").GetProperty("tree");
        Assert.Equal("Present", tree.GetProperty("state").GetString());
        Assert.Equal(form, tree.GetProperty("value").GetProperty("compatible").GetString());
        JsonElement metadata = tree.GetProperty("value").GetProperty("subTrees").EnumerateArray().Single(
            static entry => entry.GetProperty("name").GetString() == "kexec-metadata");
        JsonElement shown = metadata.GetProperty("blobSize");
        Assert.Equal(size, shown.ValueKind == JsonValueKind.Null ? null : shown.GetInt64());
    }

    [Fact]
    public void Linux74_CallsItsAreasOtherwise()
    {
        foreach (string end in (string[])["phys", "len"])
        {
            string text = File.ReadAllText(Path.Combine(_machine.Root, $"{Debug}/out/scratch_{end}"));
            _machine.Without($"{Debug}/out/scratch_{end}").With($"{Debug}/out/bootmem_{end}", text);
        }

        Assert.Contains("\nbootmem        132 MiB kept for the next kernel", Run().Output, StringComparison.Ordinal);
        Assert.Equal("bootmem", Schemas.Hold("kho", Run("--json").Output).GetProperty("areaName").GetString());
    }

    [Fact]
    public void KhoThatIsOff_Exits1_AndThatCannotBeSeen3()
    {
        _machine.Without($"{Debug}/out").With($"{Debug}/in/fdt", "x");
        Assert.Equal(1, Run().Code);
        _machine.Without(Debug);
        (int code, string output, _) = Run();
        Assert.Equal(3, code);
        Assert.Contains("cannot be seen", output, StringComparison.Ordinal);
        Schemas.Hold("kho", Run("--json").Output);
    }

    [Fact]
    public void ThisMachine_IsShown()
    {
        (int code, string output, string error) = Luoctl.Run("kho", "--json");
        Assert.Equal("", error);
        Assert.Contains(code, (int[])[0, 1, 3]);
        Assert.Equal(File.ReadAllText("/proc/sys/kernel/osrelease").Trim(), Schemas.Hold("kho", output).GetProperty("release").GetString());
    }

    private (int Code, string Output, string Error) Run(params string[] words) => Luoctl.Run(["kho", "--root", _machine.Root, .. words]);
}
