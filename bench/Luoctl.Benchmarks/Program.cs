using System.Globalization;
using System.Runtime.Versioning;
using System.Text.Json;
using LuoInterop.Cli.Benchmarks;

[assembly: SupportedOSPlatform("linux")]

if (args is not [var luoctl, var extract, var result, var count, .. var images] || !int.TryParse(count, out int rounds) || rounds < 1)
{
    Console.Error.WriteLine("usage: bench-luoctl LUOCTL EXTRACT-VMLINUX RESULT.md ROUNDS KERNEL-IMAGE...");
    return 2;
}

string folder = Directory.CreateTempSubdirectory("luo-bench-").FullName;
try
{
    string walk = Path.Combine(folder, "walk.py");
    using (Stream script = typeof(Contest).Assembly.GetManifestResourceStream("walk.py")!)
    using (FileStream file = File.Create(walk))
    {
        script.CopyTo(file);
    }

    List<string> rows = [];
    foreach (long mebibytes in (ReadOnlySpan<long>)[64, 1024])
    {
        string image = Path.Combine(folder, "memory");
        Console.WriteLine($"making an image with a memory file of {mebibytes} MiB ...");
        HandedOver.Write(image, mebibytes << 20);
        using JsonDocument decoded = JsonDocument.Parse(Contest.Time([luoctl, "decode", image, "--json"]).Output);
        JsonElement handover = decoded.RootElement.GetProperty("handover");
        string tree = Hex(handover.GetProperty("address"));
        string head = Hex(handover.GetProperty("subTrees").EnumerateArray()
            .Single(static part => part.GetProperty("name").GetString() == "LUO").GetProperty("address"));
        long folios = (mebibytes << 20) / 4096;
        rows.Add(new Contest(
            $"decode, {folios:N0} folios of 4 KiB, from the root tree on; drgn's walk from LUO's head on",
            [luoctl, "decode", image, "--root-tree", tree, "--json"],
            ["/usr/bin/python3", walk, image, head],
            (ours, theirs) => theirs == string.Create(CultureInfo.InvariantCulture, $"vm 1 {mebibytes << 20} {folios} {folios}\n")
                && ours.Contains($"{mebibytes << 20}", StringComparison.Ordinal)).Run(rounds));
        rows.Add(new Contest(
            $"decode, {folios:N0} folios, all of the image searched; drgn's walk as before",
            [luoctl, "decode", image, "--json"],
            ["/usr/bin/python3", walk, image, head],
            (ours, _) => ours.Contains($"{mebibytes << 20}", StringComparison.Ordinal)).Run(rounds));
        File.Delete(image);
    }

    foreach (string image in images)
    {
        string name = $"{Path.GetFileName(Path.GetDirectoryName(image))}/{Path.GetFileName(image)}";
        rows.Add(new Contest(
            $"kernel image {name}, {new FileInfo(image).Length >> 10:N0} KiB",
            [luoctl, "check-next", image, "--cmdline", "kho=on liveupdate=on", "--json"],
            ["/bin/sh", "-c", "\"$0\" \"$1\" | strings -a | grep -E '^Linux version [0-9]|^(kho|luo|memfd)-v[0-9]+$'", extract, image],
            static (ours, theirs) => Version(ours) is { } version && theirs.Contains(version.Split(' ')[0], StringComparison.Ordinal))
            .Run(rounds));
    }

    string page = $"""
        # luoctl beside what people use

        Medians of {rounds} rounds in turn, whole processes with their starts; the ratio is of each round: how often luoctl is done in the
        time of the other. `make bench-luoctl`. drgn has the script `walk.py`, which reads sessions, files and each folio's record, and is
        told where LUO's head lies. luoctl reads the same, and holds it against the map of preserved memory and against what the image has.
        A kernel image is asked for its version and formats: `extract-vmlinux IMAGE | strings | grep` beside `luoctl check-next`, which
        predicts from them too.

        | question | luoctl | the other | ratio |
        |---|---|---|---|
        {string.Join('\n', rows)}

        """;
    File.WriteAllText(result, page);
    Console.Write(page);
    return 0;
}
finally
{
    Directory.Delete(folder, recursive: true);
}

static string? Version(string checkedKernel)
{
    using JsonDocument document = JsonDocument.Parse(checkedKernel);
    return document.RootElement.GetProperty("image").GetProperty("version").GetString();
}

static string Hex(JsonElement address) => string.Create(CultureInfo.InvariantCulture, $"0x{address.GetInt64():x}");
