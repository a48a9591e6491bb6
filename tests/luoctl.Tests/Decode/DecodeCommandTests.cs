using System.Security.Cryptography;
using System.Text.Json;
using LuoInterop.Kho;
using LuoInterop.MemoryImages;
using LuoInterop.Tests.Shared;
using LuoInterop.Tests.Shared.ImageWriters;
using Xunit;

namespace LuoInterop.Cli.Tests.Decode;

/// <summary>Runs <c>luoctl decode</c> as a user does, on the memory that an emulated kernel left.</summary>
public sealed class DecodeCommandTests(DecodeCommandTests.Memory memory) : IClassFixture<DecodeCommandTests.Memory>
{
    private HandedOver Made => memory.Made;

    [Fact]
    public void Text_AnswersOnOneScreen()
    {
        (int code, string output, string error) = Run(Made.Raw);
        Assert.Equal((0, ""), (code, error));
        Assert.All(output.Split('\n'), static line => Assert.InRange(line.Length, 0, 100));
        foreach (string words in (string[])
            ["raw", "kho-v4 at 0x", "luo-v5, number 1", "3 sessions, 7 files", "session vm/1", "disk/cache", "(catalogue)", "session plain",
                "18446744073709551615"])
        {
            Assert.Contains(words, output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Json_HasEverySessionAndFile()
    {
        (int code, string output, string error) = Run(Made.Raw, "--json");
        JsonElement root = Schemas.Hold("decode", output);
        Assert.Equal((0, ""), (code, error));
        Assert.Equal("written", root.GetProperty("handover").GetProperty("stage").GetString());
        Assert.True(root.GetProperty("handover").GetProperty("toldByBootProtocol").GetBoolean());
        JsonElement[] sessions = [.. root.GetProperty("sessions").EnumerateArray()];
        Assert.Equal([HandedOver.Named, HandedOver.Plain, "empty"], sessions.Select(static one => one.GetProperty("name").GetString()));
        foreach (((string session, ulong token), (long size, _)) in Made.Files)
        {
            JsonElement file = sessions.Single(one => one.GetProperty("name").GetString() == session).GetProperty("files").EnumerateArray()
                .Single(one => one.GetProperty("token").GetUInt64() == token);
            JsonElement memfd = file.GetProperty("memfd");
            Assert.Equal((size, true), (memfd.GetProperty("size").GetInt64(), memfd.GetProperty("whole").GetBoolean()));
        }

        Assert.Equal(
            [null, "ram", "disk/cache", "changed"],
            sessions[0].GetProperty("files").EnumerateArray().OrderBy(static file => file.GetProperty("token").GetUInt64())
                .Select(static file => file.GetProperty("name").GetString()));
    }

    [Theory]
    [InlineData("vm/1/ram", HandedOver.Named, 1UL, true)]
    [InlineData("vm/1/disk/cache", HandedOver.Named, 2UL, true)]
    [InlineData("plain/18446744073709551615", HandedOver.Plain, ulong.MaxValue, null)]
    [InlineData("plain/7", HandedOver.Plain, 7UL, null)]
    public void Extract_WritesTheContent(string what, string session, ulong token, bool? matches)
    {
        string path = Made.Path($"out-{token}-{matches}");
        (int code, string output, string error) = Run(Made.Raw, "--extract", what, "-o", path, "--json");
        JsonElement root = Schemas.Hold("decode", output);
        Assert.Equal((0, ""), (code, error));
        (long size, string sha256) = Made.Files[(session, token)];
        byte[] bytes = File.ReadAllBytes(path);
        Assert.Equal((size, sha256), (bytes.Length, $"sha256:{Convert.ToHexStringLower(SHA256.HashData(bytes))}"));
        Assert.Equal(sha256, root.GetProperty("checksum").GetString());
        Assert.Equal(
            matches,
            root.GetProperty("matchesCatalogue") is { ValueKind: not JsonValueKind.Null } found ? found.GetBoolean() : null);
        Assert.Empty(Leftovers());
    }

    [Fact]
    public void Extract_IsSparse()
    {
        string path = Made.Path("sparse");
        Assert.Equal(0, Run(Made.Raw, "--extract", "vm/1/2", "-o", path).Code);
        using MemoryImage file = MemoryImage.Open(path);
        Assert.Equal((3UL << 20, true), (file.End, file.TryFindData(0, out MemoryRange data)));
        Assert.Equal((1UL << 20, 4096UL), (data.Address, data.Length));
        Assert.False(file.TryFindData(data.End, out _));
    }

    [Fact]
    public void Extract_OfOtherContentThanPreserved_IsRefused_AndLeavesNothing()
    {
        string path = Made.Path("changed");
        (int code, string output, string error) = Run(Made.Raw, "--extract", "vm/1/changed", "-o", path);
        Assert.Equal((1, ""), (code, output));
        Assert.Contains("the catalogue says sha256:0000", error, StringComparison.Ordinal);
        Assert.False(File.Exists(path));
        Assert.Empty(Leftovers());

        (code, output, error) = Run(Made.Raw, "--extract", "vm/1/changed", "-o", path, "--partial", "--json");
        Assert.Equal((1, ""), (code, error));
        Assert.False(Schemas.Hold("decode", output).GetProperty("matchesCatalogue").GetBoolean());
        Assert.Equal(Made.Files[(HandedOver.Named, 3)].Size, new FileInfo(path).Length);
    }

    [Fact]
    public void FilteredDump_SaysWhatItsFilterTook_AndIsExtractedOnRequestAlone()
    {
        string dump = Made.Path("filtered");
        var pages = new RawPages(Made.Raw);
        HashSet<ulong> excluded;
        using (MemoryImage raw = MemoryImage.Open(Made.Raw))
        {
            HandoverExtent extent = HandoverSearch.Find(raw).Handovers[0].Handover.Sessions[0].Files
                .Single(static file => file.Record.Token == 1).Memfd!.Extents().First();
            excluded = [extent.Address / 4096, (extent.Address / 4096) + 1];
        }

        File.WriteAllBytes(dump, new KdumpWriter(pages) { Level = 31, Excluded = excluded }.Write());
        (int code, string output, _) = Run(dump);
        Assert.Equal(1, code);
        Assert.Contains("2 pages of 1540 excluded by the dump's filter (level 31)", output, StringComparison.Ordinal);
        Assert.Contains("makedumpfile -d 1", output, StringComparison.Ordinal);

        string path = Made.Path("partial");
        (code, output, string error) = Run(dump, "--extract", "vm/1/ram", "-o", path);
        Assert.Equal((1, ""), (code, output));
        Assert.Contains("excluded by the dump's filter (level 31)", error, StringComparison.Ordinal);
        Assert.False(File.Exists(path));

        (code, output, _) = Run(dump, "--extract", "vm/1/ram", "-o", path, "--partial", "--json");
        Assert.Equal(1, code);
        Assert.Contains("level 31", Schemas.Hold("decode", output).GetProperty("gaps").GetString(), StringComparison.Ordinal);
        byte[] bytes = File.ReadAllBytes(path);
        Assert.False(bytes.AsSpan(0, 8192).ContainsAnyExcept((byte)0));
        Assert.True(bytes.AsSpan(8192, 4096).ContainsAnyExcept((byte)0));
        Assert.Empty(Leftovers());
    }

    [Fact]
    public void Boot_GivesEverythingBack()
    {
        (int code, string output, string error) = Run(Made.Raw, "--boot", "--json");
        JsonElement root = Schemas.Hold("decode", output);
        Assert.Equal((0, ""), (code, error));
        JsonElement[] sessions = [.. root.GetProperty("sessions").EnumerateArray()];
        foreach (((string session, ulong token), (long size, string sha256)) in Made.Files)
        {
            JsonElement file = sessions.Single(one => one.GetProperty("name").GetString() == session).GetProperty("files").EnumerateArray()
                .Single(one => one.GetProperty("token").GetUInt64() == token);
            Assert.Equal((size, sha256), (file.GetProperty("size").GetInt64(), file.GetProperty("checksum").GetString()));
        }

        Assert.Contains("Linux 7.3.4, emulated", Run(Made.Raw, "--boot").Output, StringComparison.Ordinal);
    }

    [Fact]
    public void NothingFound_IsUnknown()
    {
        string path = Made.Path("nothing");
        File.WriteAllBytes(path, new byte[8192]);
        (int code, string output, string error) = Run(path, "--json");
        Assert.Equal((3, ""), (code, error));
        Assert.Equal(JsonValueKind.Null, Schemas.Hold("decode", output).GetProperty("handover").ValueKind);
        Assert.Contains("none", Run(path).Output, StringComparison.Ordinal);
        Assert.Equal(3, Run(path, "--boot").Code);
    }

    public static TheoryData<string[], string> Refusals => new()
    {
        { ["/no/such/file"], "/no/such/file" },
        { ["RAW", "--extract", "vm/1/ram"], "belong together" },
        { ["RAW", "-o", "x"], "belong together" },
        { ["RAW", "--root-tree", "ten"], "no address" },
        { ["RAW", "--root-tree", "0x1000"], "no root tree of KHO at 0x1000" },
        { ["RAW", "--boot", "--extract", "vm/1/ram", "-o", "x"], "do not go together" },
        { ["RAW", "--extract", "vm/1/ram", "-o", "RAW"], "is there already" },
        { ["RAW", "--extract", "vm/1/ram", "-o", "/no/such/folder/file"], "/no/such/folder" },
    };

    [Theory]
    [MemberData(nameof(Refusals))]
    public void WrongWords_AreNamed(string[] words, string said)
    {
        (int code, string output, string error) = Run([.. words.Select(word => word == "RAW" ? Made.Raw : word)]);
        Assert.Equal((2, ""), (code, output));
        Assert.Contains(said, error, StringComparison.Ordinal);
        Assert.Single(error.TrimEnd('\n').Split('\n'));
    }

    [Theory]
    [InlineData("other/ram", "there are vm/1, plain, empty")]
    [InlineData("vm/1/other", "no file vm/1/other")]
    public void UnknownFile_IsNamed(string what, string said)
    {
        (int code, string output, string error) = Run(Made.Raw, "--extract", what, "-o", Made.Path("unknown"));
        Assert.Equal((3, ""), (code, output));
        Assert.Contains(said, error, StringComparison.Ordinal);
    }

    [Fact]
    public void OtherFormat_IsNamed()
    {
        string path = Made.Path("disk.qcow2");
        File.WriteAllBytes(path, [(byte)'Q', (byte)'F', (byte)'I', 0xfb, 0, 0, 0, 3]);
        (int code, _, string error) = Run(path);
        Assert.Equal(2, code);
        Assert.Contains("qcow2", error, StringComparison.Ordinal);
    }

    [Fact]
    public void RootTree_CanBeNamed()
    {
        ulong address = Schemas.Hold("decode", Run(Made.Raw, "--json").Output).GetProperty("handover").GetProperty("address").GetUInt64();
        (int code, string output, _) = Run(Made.Raw, "--root-tree", $"0x{address:x}", "--json");
        Assert.Equal((0, address), (code, Schemas.Hold("decode", output).GetProperty("handover").GetProperty("address").GetUInt64()));
    }

    private IEnumerable<string> Leftovers() => Directory.EnumerateFiles(Made.Folder, "*.luoctl-*");

    private static (int Code, string Output, string Error) Run(params string[] words) => Luoctl.Run(["decode", .. words]);

    public sealed class Memory : IDisposable
    {
        internal HandedOver Made { get; } = new();

        public void Dispose() => Made.Dispose();
    }
}
