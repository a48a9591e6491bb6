using LuoInterop.Cli.ByHand;
using LuoInterop.Tests.Shared;
using Xunit;

namespace LuoInterop.Cli.Tests.ByHand;

/// <summary>Packs files and plays them through a live update on the emulated kernel.</summary>
public sealed class ByHandTests : IDisposable
{
    private readonly MachineFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void DryRun_SaysWhatWouldBeCarried()
    {
        _folder.With("tree/a", "1").With("tree/sub/b", "2").With("one", new byte[100_000]);
        (int code, string output, string error) = Run("tree", "one");
        Assert.True((0, "") == (code, error), error);
        Assert.EndsWith("played through: all of it came back as it was, on the emulated kernel.\n", output, StringComparison.Ordinal);

        System.Text.Json.JsonElement root = Schemas.Hold("preserve", Run("--json", "tree", "one").Output);
        Assert.Equal(["tree", "one"], root.GetProperty("files").EnumerateArray()
            .Select(static file => file.GetProperty("name").GetString()));
    }

    [Fact]
    public void WhatCannotBePacked_IsRefusedBeforehand()
    {
        _folder.With("a/x", "1").With("b/x", "2");
        (int code, _, string error) = Run("no-such");
        Assert.Equal(2, code);
        Assert.Matches("^luoctl: .*/no-such does not exist\n$", error);
        (code, _, error) = Run("a/x", "b/x");
        Assert.Equal(2, code);
        Assert.Contains("have the same name; preserve them in two sessions", error, StringComparison.Ordinal);
    }

    [Fact]
    public void Package_KeepsModesTimesAndLinks()
    {
        DateTime time = new(2001, 9, 9, 1, 46, 40, DateTimeKind.Utc);
        _folder.With("tree/sub/file", "content").Mode("tree/sub/file", (UnixFileMode)0x9c9).Link("tree/link", "sub/file");
        File.SetLastWriteTimeUtc(Path.Combine(_folder.Root, "tree/sub/file"), time);
        Directory.SetLastWriteTimeUtc(Path.Combine(_folder.Root, "tree/sub"), time);
        string back = Directory.CreateDirectory(Path.Combine(_folder.Root, "back")).FullName;
        var progress = new Progress<long>();
        using (Memfd memory = Package.Pack(Kernel.Linux, Path.Combine(_folder.Root, "tree"), progress, CancellationToken.None))
        {
            Package.Unpack("tar tree", memory, back, progress, CancellationToken.None);
        }

        Assert.Equal("content", File.ReadAllText(Path.Combine(back, "tree/sub/file")));
        Assert.Equal((UnixFileMode)0x9c9, File.GetUnixFileMode(Path.Combine(back, "tree/sub/file")));
        Assert.Equal((time, time), (File.GetLastWriteTimeUtc(Path.Combine(back, "tree/sub/file")),
            Directory.GetLastWriteTimeUtc(Path.Combine(back, "tree/sub"))));
        Assert.Equal("sub/file", new FileInfo(Path.Combine(back, "tree/link")).LinkTarget);
    }

    [Theory]
    [InlineData("tar state", "state")]
    [InlineData("pipe stdin", "stdin")]
    [InlineData("tar ../state", null)]
    [InlineData("tar ..", null)]
    [InlineData("tar ", null)]
    [InlineData("other", null)]
    public void Target_IsNoOtherPlace(string name, string? expected) => Assert.Equal(expected, Package.TargetOf(name));

    [Fact]
    public void Archive_ThatLeadsOutOfTheFolder_IsRefused()
    {
        using Memfd memory = Memfd.Create(Kernel.Linux, "evil");
        using (Stream content = memory.OpenStream())
        using (var archive = new System.Formats.Tar.TarWriter(content, leaveOpen: true))
        {
            archive.WriteEntry(new System.Formats.Tar.PaxTarEntry(System.Formats.Tar.TarEntryType.RegularFile, "../outside"));
        }

        Assert.Throws<IOException>(() => Package.Unpack("tar x", memory, _folder.Root, new Progress<long>(), CancellationToken.None));
        Assert.False(File.Exists(Path.Combine(_folder.Root, "../outside")));
    }

    [Fact]
    public void Retrieve_OnAMachineWithoutLiveUpdate_SaysWhy()
    {
        if (File.Exists(LiveUpdateDevice.DefaultPath))
        {
            Assert.Equal(1, Luoctl.Run("retrieve", "no such session", "--to", _folder.Root).Code);
            return;
        }

        (int code, string output, string error) = Luoctl.Run("retrieve", "a", "--to", _folder.Root);
        Assert.Equal((2, ""), (code, output));
        Assert.Contains("/dev/liveupdate", error, StringComparison.Ordinal);
        Assert.Equal(2, Luoctl.Run("finish", "a").Code);
        (code, output, error) = Luoctl.Run("kexec", Environment.ProcessPath!, "--initrd", "/no/such", "--yes");
        Assert.Equal((2, "", "luoctl: /no/such does not exist\n"), (code, output, error));
        (code, output, error) = Luoctl.Run("kexec", Environment.ProcessPath!, "--wait", "0", "--yes");
        Assert.Equal((2, ""), (code, output));
        Assert.Contains("cannot be read as a kernel image", error, StringComparison.Ordinal);
    }

    private (int Code, string Output, string Error) Run(params string[] words) =>
        Luoctl.Run(["preserve", "--emulated", "a", .. words.Select(word => word[0] == '-' ? word : Path.Combine(_folder.Root, word))]);
}
