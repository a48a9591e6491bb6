using System.Net.Sockets;
using System.Text;
using MiniVmm.Control;
using Xunit;

namespace MiniVmm.Tests.Control;

public sealed class ControlServerTests : IDisposable
{
    private readonly RunFolder _folder = new(Directory.CreateTempSubdirectory("minivmm-").FullName);
    private readonly AnsweringTarget _target = new();
    private readonly ControlServer _server;

    public ControlServerTests()
    {
        _server = new ControlServer(_folder.Listen("vm1"), _target);
        _server.Start();
    }

    public static TheoryData<string, string> HostileLines => new()
    {
        { "garbage", "the line is no request" },
        { "", "the line is no request" },
        { "null", "It is null" },
        { "[]", "the line is no request" },
        { "{}", "'request'" },
        { """{"request":5}""", "the line is no request" },
        { """{"request":null}""", "the line is no request" },
        { """{"request":"x","initrds":{}}""", "the line is no request" },
        { "\0\0\0", "the line is no request" },
        { new string('[', 5000), "the line is no request" },
        { "{\"request\":" + new string('{', 5000), "the line is no request" },
    };

    [Theory]
    [MemberData(nameof(HostileLines))]
    public async Task HostileLine_IsAnsweredByAnError_AndTheConnectionGoesOn(string line, string error)
    {
        using Socket socket = _folder.TryConnect("vm1")!;
        using var stream = new ControlStream(socket);

        ControlAnswer answer = await AskAsync(stream, Encoding.Latin1.GetBytes(line));
        Assert.False(answer.Ok);
        Assert.Contains(error, answer.Error, StringComparison.Ordinal);

        Assert.True((await AskAsync(stream, """{"request":"echo","image":"still here"}"""u8.ToArray())).Ok);
        Assert.Equal("still here", _target.Last!.Image);
    }

    [Fact]
    public async Task InvalidUtf8_IsAnsweredByAnError()
    {
        using var stream = new ControlStream(_folder.TryConnect("vm1")!);
        ControlAnswer answer = await AskAsync(stream, [.. "{\"request\":\""u8, 0xff, 0xfe, .. "\"}"u8]);
        Assert.False(answer.Ok);
    }

    [Theory]
    [InlineData(ControlLine.MaxBytes + 1)]
    [InlineData(10 * ControlLine.MaxBytes)]
    public async Task LongLine_IsAnsweredByAnError_AndEndsTheConnection(int length)
    {
        using var stream = new ControlStream(_folder.TryConnect("vm1")!);
        Task write = stream.WriteLineAsync([.. Enumerable.Repeat((byte)'x', length)], CancellationToken.None).AsTask();

        ControlAnswer answer = ControlLine.ReadAnswer((await stream.ReadLineAsync(CancellationToken.None))!.Value.Span);
        Assert.Contains("65536", answer.Error, StringComparison.Ordinal);
        await write.ContinueWith(static _ => { }, TaskScheduler.Default);
        Assert.True(await EndsAsync(stream));

        using ControlClient other = ControlClient.Connect(_folder, "vm1");
        Assert.True((await other.AskAsync("echo", CancellationToken.None)).Ok);
    }

    [Fact]
    public async Task LongestLine_IsRead()
    {
        using ControlClient client = ControlClient.Connect(_folder, "vm1");
        int rest = ControlLine.Write(new ControlRequest { Request = "echo", Image = "" }).Length;
        string image = new('i', ControlLine.MaxBytes - rest);

        await client.AskAsync(new ControlRequest { Request = "echo", Image = image }, CancellationToken.None);

        Assert.Equal(image, _target.Last!.Image);
    }

    [Fact]
    public async Task SeveralConnections_AreAnsweredAtOnce()
    {
        using ControlClient waiting = ControlClient.Connect(_folder, "vm1");
        using ControlClient other = ControlClient.Connect(_folder, "vm1");
        Task<ControlAnswer> wait = waiting.AskAsync("wait", CancellationToken.None);

        Assert.True((await other.AskAsync("release", CancellationToken.None)).Ok);
        Assert.True((await wait).Ok);
    }

    [Fact]
    public async Task MoreConnectionsThanAllowed_AreRefused_AndOneThatEndsMakesRoom()
    {
        List<ControlClient> clients = [];
        for (int i = 0; i < ControlServer.MostConnections; i++)
        {
            clients.Add(ControlClient.Connect(_folder, "vm1"));
            await clients[i].AskAsync("echo", CancellationToken.None);
        }

        using (ControlClient more = ControlClient.Connect(_folder, "vm1"))
        {
            ControlException error = await Assert.ThrowsAsync<ControlException>(() => more.AskAsync("echo", CancellationToken.None));
            Assert.NotNull(error.Message);
        }

        clients[0].Dispose();
        await _target.ClosedAsync(1);
        using ControlClient next = ControlClient.Connect(_folder, "vm1");
        Assert.True((await next.AskAsync("echo", CancellationToken.None)).Ok);
        clients.ForEach(static client => client.Dispose());
    }

    [Fact]
    public async Task Refusal_IsThrownAtTheClient()
    {
        using ControlClient client = ControlClient.Connect(_folder, "vm1");
        ControlException error = await Assert.ThrowsAsync<ControlException>(() => client.AskAsync("refuse", CancellationToken.None));
        Assert.Equal("vm1: no.", error.Message);
    }

    [Fact]
    public async Task Console_IsAStreamOfBytes_FromTheRequestOn()
    {
        using Socket socket = _folder.TryConnect("vm1")!;
        using var stream = new ControlStream(socket);
        socket.Send("{\"request\":\"console\"}\nabc"u8);
        Assert.True(ControlLine.ReadAnswer((await stream.ReadLineAsync(CancellationToken.None))!.Value.Span).Ok);

        byte[] echo = new byte[16];
        Assert.Equal(3, await stream.ReadAsync(echo, CancellationToken.None));
        Assert.Equal("abc"u8.ToArray(), echo[..3]);
    }

    [Fact]
    public async Task SuspendedServer_AnswersThoseWhoCameMeanwhileWhenItStarts()
    {
        _server.Suspend();
        using ControlClient client = ControlClient.Connect(_folder, "vm1");
        Task<ControlAnswer> answer = client.AskAsync("echo", CancellationToken.None);
        Assert.False(answer.IsCompleted);

        _server.Start();

        Assert.True((await answer).Ok);
    }

    [Fact]
    public void SecondVmOfAName_IsRefused_AndAStaleSocketIsNot()
    {
        Assert.Contains("runs already", Assert.Throws<ControlException>(() => _folder.Listen("vm1")).Message, StringComparison.Ordinal);

        _server.Dispose();
        Assert.Null(_folder.TryConnect("vm1"));
        Assert.Equal(["vm1"], _folder.Names());
        using (_folder.Listen("vm1"))
        {
            Assert.NotNull(_folder.TryConnect("vm1"));
        }

        _folder.RemoveStale();
        Assert.Empty(_folder.Names());
    }

    [Fact]
    public void Folder_ThatOthersMayEnter_IsRefused()
    {
        File.SetUnixFileMode(_folder.FolderPath, (UnixFileMode)0x1ed);
        Assert.Contains("chmod 700", Assert.Throws<ControlException>(() => _folder.Listen("vm2")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Socket_BelongsToItsOwnerAlone() =>
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(_folder.SocketOf("vm1")));

    public void Dispose()
    {
        _server.Dispose();
        _target.Dispose();
        Directory.Delete(_folder.FolderPath, recursive: true);
    }

    private static async Task<ControlAnswer> AskAsync(ControlStream stream, byte[] line)
    {
        await stream.WriteLineAsync(line, CancellationToken.None);
        return ControlLine.ReadAnswer((await stream.ReadLineAsync(CancellationToken.None))!.Value.Span);
    }

    private static async Task<bool> EndsAsync(ControlStream stream)
    {
        try
        {
            return await stream.ReadAsync(new byte[1], CancellationToken.None) == 0;
        }
        catch (IOException)
        {
            return true;
        }
    }
}
