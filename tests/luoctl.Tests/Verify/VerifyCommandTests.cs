using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using LuoInterop.Cli.Output;
using LuoInterop.Cli.Verify;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.Cli.Tests.Verify;

/// <summary>Runs <c>luoctl verify</c> beside programs that answer as systemd's do. The real ones are asked by the tests in a VM.</summary>
public sealed class VerifyCommandTests : IDisposable
{
    private const string Session = """[{"fdname":"cache","type":"anon-inode","inode":1,"path":"anon_inode:[luo_session] cache"}]""";

    private readonly string _folder = Directory.CreateTempSubdirectory("luo-verify").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Record_ThenVerify_OnTheSameKernel_SaysSo()
    {
        Systemd(["cache.service"], Session);
        string record = Path.Combine(_folder, "record.json");

        (int code, string output, string error) = Run(record, "--record");
        Assert.Equal((0, ""), (code, error));
        Assert.StartsWith("recorded: 1 stored descriptor and ", output, StringComparison.Ordinal);
        Schemas.Hold("verify", File.ReadAllText(record));

        (code, output, error) = Run(record);
        Assert.Equal((1, ""), (code, error));
        Assert.Contains(": the one that was recorded runs on", output, StringComparison.Ordinal);
        Assert.Matches("\n *back +cache.service cache +is back", output);
    }

    [Fact]
    public void Store_ThatIsEmptyAfterwards_IsLost()
    {
        Systemd(["cache.service"], Session);
        string record = Path.Combine(_folder, "record.json");
        Assert.Equal(0, Run(record, "--record").Code);
        File.WriteAllText(record, File.ReadAllText(record).Replace(
            File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim(), Guid.NewGuid().ToString(), StringComparison.Ordinal));
        Assert.Equal(0, Run(record).Code);

        Systemd([], "[]");
        (int code, string output, _) = Run(record, "--json");

        Assert.Equal(1, code);
        JsonElement root = Schemas.Hold("verify", output);
        Assert.True(root.GetProperty("isNewKernel").GetBoolean());
        Assert.False(root.GetProperty("isWhole").GetBoolean());
        Assert.Equal("is not there", root.GetProperty("rows")[0].GetProperty("sentence").GetString());
    }

    [Theory]
    [InlineData(
        "restart", "anon_inode:[luo_session] vm", "FileDescriptorStorePreserve=restart: only yes is carried",
        "left a.service a FileDescriptorStorePreserve=restart: only yes is carried")]
    [InlineData(
        "yes", "/run/a-pipe", "only memory and sessions are carried",
        "Not carried: 1 descriptor of files that no live update carries, of a.service")]
    public void Store_ThatIsNotCarried_IsNamedBefore_AndNotMissedAfter(string preserve, string path, string reason, string said)
    {
        Systemd(["a.service"], $$"""[{"fdname":"a","type":"fifo","inode":1,"path":"{{path}}"}]""", preserve);
        string record = Path.Combine(_folder, "record.json");
        (int code, string output, string error) = Run(record, "--record");
        Assert.Equal((0, ""), (code, error));
        Assert.StartsWith("recorded: 0 stored descriptors and ", output, StringComparison.Ordinal);
        Assert.EndsWith($" {said} ", Regex.Replace(output, @"\s+", " "), StringComparison.Ordinal);
        Assert.Equal(
            reason,
            Schemas.Hold("verify", File.ReadAllText(record)).GetProperty("descriptors")[0].GetProperty("leftBehind").GetString());

        Systemd([], "[]");
        Assert.DoesNotContain("a.service", Run(record).Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no JSON", 2, "is no record")]
    [InlineData("""{"schema":1}""", 2, "is no record")]
    [InlineData("""{"schema":9}""", 2, "is a record of form 9; this luoctl reads form 1")]
    public void File_ThatIsNoRecord_IsRefused(string content, int expected, string sentence)
    {
        string record = Path.Combine(_folder, "record.json");
        File.WriteAllText(record, content);

        (int code, string output, string error) = Run(record);

        Assert.Equal((expected, ""), (code, output));
        Assert.Contains(sentence, error, StringComparison.Ordinal);
    }

    [Fact]
    public void Machine_WithoutSystemd_IsUnknown_AndAnOldRecordStays()
    {
        string record = Path.Combine(_folder, "record.json");
        File.WriteAllText(record, "old");

        (int code, _, string error) = ChildProgram.RunProgram(
            "env", "PATH=/nowhere", DotnetPath, Path.Combine(AppContext.BaseDirectory, "luoctl.dll"), "verify", "--record", record);

        Assert.Equal(3, code);
        Assert.Contains("systemctl does not start", error, StringComparison.Ordinal);
        Assert.Equal("old", File.ReadAllText(record));
    }

    [Fact]
    public void Units_AreThoseWithSomethingStored() => Assert.Equal(
        [("a.service", "yes"), ("c.service", "")],
        ServiceStores.UnitsWithStore("Id=a.service\nNFileDescriptorStore=2\nFileDescriptorStorePreserve=yes\n\n"
            + "NFileDescriptorStore=0\nId=b.service\n\nId=x.mount\n\n"
            + "NFileDescriptorStore=1\nId=c.service\n"));

    [Theory]
    [InlineData("")]
    [InlineData("{}")]
    [InlineData("""[{"fdname":"a"}]""")]
    [InlineData("""[{"fdname":"a","inode":"x","path":""}]""")]
    public void Answer_OfAnotherForm_IsUnknown(string json) =>
        Assert.Equal(ExitCode.Unknown, Assert.Throws<CommandFailure>(() => ServiceStores.Parse(json, "a.service")).Code);

    [Fact]
    public void Differences_AreNamed()
    {
        KeptDescriptor One(string name, string kind, long? size, string? digest) => new("u.service", name, kind, size, digest);
        var before = new KeptState(
            "1", "7.3", [One("same", "memory", 5, "aa"), One("size", "memory", 5, null), One("content", "memory", 5, "aa"),
                One("kind", "session", null, null), One("twice", "memory", 1, null), One("twice", "memory", 2, null)], ["guest", "gone"]);
        var now = new KeptState(
            "2", "7.3", [One("same", "memory", 5, "aa"), One("size", "memory", 6, null), One("content", "memory", 5, "bb"),
                One("kind", "other", null, null), One("twice", "memory", 2, null), One("new", "memory", 2, null)], ["guest"]);

        Assert.Equal(
            [
                (true, "is back, with the same content"), (false, "had 5 bytes and has 6"), (false, "has another content"),
                (false, "was session and is other"), (false, "had 1 bytes and has 2"), (false, "is not there"), (true, "is open"),
                (false, "nobody has it open"),
            ],
            Verification.Compare(before, now).Select(static row => (row.IsBack, row.Sentence)));
    }

    private static string DotnetPath =>
        Environment.GetEnvironmentVariable("PATH")!.Split(':').Select(static folder => Path.Combine(folder, "dotnet")).First(File.Exists);

    private (int Code, string Output, string Error) Run(string record, params string[] words) => ChildProgram.RunProgram(
        "env",
        [
            string.Create(CultureInfo.InvariantCulture, $"PATH={_folder}:{Environment.GetEnvironmentVariable("PATH")}"), "dotnet",
            Path.Combine(AppContext.BaseDirectory, "luoctl.dll"), "verify", record, .. words,
        ]);

    private void Systemd(string[] units, string stored, string preserve = "yes")
    {
        Write("systemctl", string.Concat(units.Select(
            unit => $"Id={unit}\nNFileDescriptorStore=1\nFileDescriptorStorePreserve={preserve}\n\n")));
        Write("systemd-analyze", stored);

        void Write(string name, string answer) =>
            WrittenFile.WriteProgram(Path.Combine(_folder, name), $"#!/bin/sh\ncat <<'EOF'\n{answer}\nEOF\n");
    }
}
