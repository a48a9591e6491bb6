using System.Net.Sockets;
using MiniVmm.Control;
using Xunit;

namespace MiniVmm.Tests.Control;

/// <summary>Shows what becomes of a folder of sockets whose processes were killed, and of one that nothing can be made in.</summary>
public sealed class RunFolderTests : IDisposable
{
    private readonly RunFolder _folder = new(Path.Combine(Directory.CreateTempSubdirectory("minivmm-").FullName, "run"));

    public void Dispose() => Directory.Delete(Path.GetDirectoryName(_folder.FolderPath)!, recursive: true);

    [Fact]
    public void SocketsOfKilledProcesses_AreRemoved_AndTheirNamesAreFree()
    {
        Kill("vm1");
        Kill("vm2");
        Assert.Equal(["vm1", "vm2"], _folder.Names());
        Assert.Null(_folder.TryConnect("vm1"));

        using (SafeSocketHandle again = _folder.Listen("vm1"))
        {
            using Socket? client = _folder.TryConnect("vm1");
            Assert.NotNull(client);
            _folder.RemoveStale();
            Assert.Equal(["vm1"], _folder.Names());
        }

        Assert.Empty(ControlClient.ConnectAll(_folder, []));
        Assert.Equal([".lock"], Left());
    }

    [Fact]
    public void ProcessKilledWhileItMadeItsSocket_LeavesNothing()
    {
        using (_folder.Listen("vm1"))
        {
        }

        string unfinished = Path.Combine(_folder.FolderPath, ".new");
        File.WriteAllText(unfinished, "");
        using (_folder.Listen("vm2"))
        {
            Assert.False(File.Exists(unfinished));
        }

        File.WriteAllText(unfinished, "");
        _folder.RemoveStale();
        Assert.Equal([".lock"], Left());
    }

    [Fact]
    public void SocketThatCannotBeMade_LeavesNothing_AndIsSaid()
    {
        using (_folder.Listen("vm1"))
        {
        }

        Directory.CreateDirectory(Path.Combine(_folder.SocketOf("vm3"), "in-the-way"));
        ControlException error = Assert.Throws<ControlException>(() => _folder.Listen("vm3"));
        Assert.Contains("vm3.sock cannot be made", error.Message, StringComparison.Ordinal);
        Assert.Equal([".lock", "vm1.sock"], Left().Where(static name => name != "vm3.sock"));
    }

    [Fact]
    public void LockThatCannotBeMade_IsSaid_AndNotWaitedFor()
    {
        // As on a full disk: the error is neither that another has it nor that this user may not.
        Directory.CreateDirectory(
            _folder.FolderPath, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        File.CreateSymbolicLink(Path.Combine(_folder.FolderPath, ".lock"), ".lock");
        ControlException error = Assert.Throws<ControlException>(() => _folder.Listen("vm1"));
        Assert.StartsWith($"{_folder.FolderPath} cannot be used: ", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task LockThatAnotherHas_IsWaitedFor()
    {
        using (_folder.Listen("vm1"))
        {
        }

        Task<SafeSocketHandle> listen;
        using (new FileStream(Path.Combine(_folder.FolderPath, ".lock"), FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            listen = Task.Run(() => _folder.Listen("vm2"));
            await Task.Delay(100);
            Assert.False(listen.IsCompleted);
        }

        (await listen).Dispose();
    }

    [Fact]
    public async Task ManyAtOnce_OfOneName_AreOneAndRefusals()
    {
        Task<SafeSocketHandle?>[] all = [.. Enumerable.Range(0, 16).Select(_ => Task.Run(Listen))];
        SafeSocketHandle?[] sockets = await Task.WhenAll(all);
        SafeSocketHandle only = Assert.Single(sockets, static socket => socket is not null)!;
        only.Dispose();
        Assert.Equal([".lock", "vm1.sock"], Left());
    }

    private SafeSocketHandle? Listen()
    {
        try
        {
            return _folder.Listen("vm1");
        }
        catch (ControlException error)
        {
            Assert.Contains("runs already", error.Message, StringComparison.Ordinal);
            return null;
        }
    }

    // A process that is killed closes its socket, and leaves the name.
    private void Kill(string name) => _folder.Listen(name).Dispose();

    private string[] Left() =>
        [.. Directory.GetFileSystemEntries(_folder.FolderPath).Select(Path.GetFileName).Order(StringComparer.Ordinal)!];
}
