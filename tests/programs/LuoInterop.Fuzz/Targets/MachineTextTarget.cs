using System.Text;
using LuoInterop.Diagnosis;
using LuoInterop.Diagnosis.Checks;
using LuoInterop.Diagnosis.Machine;

namespace LuoInterop.Fuzz;

/// <summary>Reads the texts that a diagnosis reads of a machine: releases, sizes of scratch memory, meminfo, control groups.</summary>
internal sealed class MachineTextTarget() : FuzzTarget("machine-text")
{
    public override Cost Limit => new(65536, 512);

    public override IReadOnlyList<byte[]> Snippets { get; } = [
        "MemTotal:"u8.ToArray(), " kB\n"u8.ToArray(), "0::/"u8.ToArray(), ".service"u8.ToArray(), "-rc"u8.ToArray(), "%"u8.ToArray(),
        "16M,"u8.ToArray(), "18446744073709551615"u8.ToArray()];

    public override byte[] Generate(Random random) => Encoding.UTF8.GetBytes(random.Next(4) switch
    {
        0 => $"{random.Next(10)}.{random.Next(20)}.{random.Next(100)}-rc{random.Next(9)}",
        1 => $"MemTotal: {random.Next()} kB\nMemAvailable: {random.Next()} kB\nCmaTotal: 0 kB\nCmaFree: {random.Next()} kB\n",
        2 => $"1:name=systemd:/a\n0::/system.slice/vmm-{random.Next()}.service/payload\n",
        _ => $"{random.Next(1, 64)}M,{random.Next(1, 64)}G,{random.Next(1, 64)}K",
    });

    public override object? Parse(byte[] input)
    {
        string text = Encoding.UTF8.GetString(input);
        return new Texts(
            KernelRelease.Parse(text), MemoryInfo.Parse(text), HoldingProcess.UnitOf(text), BootScratchCheck.IsWellFormed(text));
    }

    public override void Check(byte[] input, object parsed, bool isSound)
    {
        var texts = (Texts)parsed;
        Require(
            texts.Release is not { } release || KernelRelease.Parse(release.ToString()) == release,
                "a release is another when it is read again");
        Require(texts.Unit is null || texts.Unit.IndexOfAny(['/', '\n']) < 0, "a unit has a folder in its name");
        Require(
            !isSound || texts.Release is not null || texts.Memory.Total is not null || texts.Unit is not null || texts.IsScratch,
            "a sound text is none of all");
    }

    private sealed record Texts(KernelRelease? Release, MemoryInfo Memory, string? Unit, bool IsScratch);
}
