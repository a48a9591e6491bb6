using LuoInterop.Emulation;
using LuoInterop.Tests.Shared;

namespace LuoInterop.Tests.Memory;

/// <summary>Proves that a memfd's stream has the position of the open file, and leaves the memfd open.</summary>
public sealed class MemfdStreamTests : IDisposable
{
    private readonly EmulatedMachine _machine = new();

    public static TheoryData<bool> Kernels { get; } = new(false, true);

    [Theory]
    [MemberData(nameof(Kernels))]
    public void Stream_ReadsAndWrites_AtTheFilesPosition(bool emulated)
    {
        using Memfd file = Memfd.Create(KernelOf(emulated), "stream");
        using Stream stream = file.OpenStream();
        stream.Write("first,second"u8);
        Assert.Equal((12, 12, 12), (file.Position, stream.Position, stream.Length));
        file.Position = 6;
        byte[] word = new byte[6];
        Assert.Equal(6, stream.Read(word, 0, 6));
        Assert.Equal("second"u8, word);
        Assert.Equal((-1, 0), (stream.ReadByte(), stream.Read(word)));
        Assert.Equal(7, stream.Seek(-5, SeekOrigin.End));
        Assert.Equal(5, stream.Seek(-2, SeekOrigin.Current));
        stream.WriteByte((byte)';');
        Assert.Equal(6, file.Position);
        stream.Position = 0;
        Assert.Equal("first;second", new StreamReader(stream).ReadToEnd());
        Assert.Equal(12, file.Position);
    }

    [Theory]
    [MemberData(nameof(Kernels))]
    public async Task Stream_OfAsynchronousCalls_DoesTheSame(bool emulated)
    {
        using Memfd file = Memfd.Create(KernelOf(emulated), "stream");
        await using Stream stream = file.OpenStream();
        await stream.WriteAsync("abcdef"u8.ToArray());
        Func<byte[], int, int, CancellationToken, Task> write = stream.WriteAsync;
        await write("-ghi"u8.ToArray(), 1, 3, CancellationToken.None);
        Assert.Equal(9, file.Position);
        await stream.FlushAsync();
        stream.Position = 3;
        byte[] bytes = new byte[4];
        Func<byte[], int, int, CancellationToken, Task<int>> read = stream.ReadAsync;
        Assert.Equal(2, await read(bytes, 0, 2, CancellationToken.None));
        Assert.Equal(2, await stream.ReadAsync(bytes.AsMemory(2)));
        Assert.Equal("defg"u8, bytes);
        using var copy = new MemoryStream();
        await stream.CopyToAsync(copy);
        Assert.Equal("hi"u8, copy.ToArray());
        await Assert.ThrowsAsync<TaskCanceledException>(async () =>
            await stream.ReadExactlyAsync(bytes.AsMemory(), new CancellationToken(canceled: true)));
        await Assert.ThrowsAsync<TaskCanceledException>(async () =>
            await stream.WriteAsync(bytes.AsMemory(), new CancellationToken(canceled: true)));
        Assert.Equal(9, file.Position);
    }

    [Fact]
    public void Dispose_LeavesTheMemfdOpen()
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "stream");
        Stream stream = file.OpenStream();
        stream.Write("kept"u8);
        stream.Dispose();
        Assert.False(file.Handle.IsClosed);
        Assert.Equal((4, 4), (file.Size, file.Position));
        Assert.Equal((false, false, false), (stream.CanRead, stream.CanWrite, stream.CanSeek));
        Assert.Throws<ObjectDisposedException>(() => stream.ReadByte());
        Assert.Throws<ObjectDisposedException>(() => stream.WriteByte(1));
        Assert.Throws<ObjectDisposedException>(() => stream.Position);
        Assert.Throws<ObjectDisposedException>(() => stream.SetLength(0));
        Assert.Throws<ObjectDisposedException>(stream.Flush);
    }

    [Fact]
    public void DisposedMemfd_EndsItsStreams()
    {
        Memfd file = Memfd.Create(Kernel.Linux, "stream", 10);
        Stream stream = file.OpenStream();
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => stream.ReadByte());
    }

    [Fact]
    public void SetLength_BringsAPositionBeyondTheEndBack()
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "stream");
        using Stream stream = file.OpenStream();
        stream.SetLength(100);
        Assert.Equal((0, 100), (file.Position, file.Size));
        stream.Position = 80;
        stream.SetLength(50);
        Assert.Equal((50, 50), (file.Position, file.Size));
        stream.SetLength(60);
        Assert.Equal(50, file.Position);
    }

    [Fact]
    public async Task RefusedWrite_SaysWhy()
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "stream", 10);
        file.AddSeals(MemfdSeals.Write);
        Stream stream = file.OpenStream();
        Assert.Equal(Errno.EPERM, Assert.Throws<KernelException>(() => stream.WriteByte(1)).Errno);
        ValueTask refused = stream.WriteAsync(new byte[1]);
        Assert.True(refused.IsFaulted);
        Assert.Equal(Errno.EPERM, (await Assert.ThrowsAsync<KernelException>(refused.AsTask)).Errno);
        Assert.Equal(Errno.EINVAL, Assert.Throws<KernelException>(() => stream.Seek(-1, SeekOrigin.Begin)).Errno);
        Assert.Throws<ArgumentOutOfRangeException>(() => stream.Position = -1);
        Assert.Equal(0, file.Position);
    }

    [Fact]
    public void ReadAndWrite_AllocateNothing()
    {
        using Memfd file = Memfd.Create(Kernel.Linux, "stream", 64);
        Stream stream = file.OpenStream();
        byte[] bytes = new byte[8];
        Assert.Equal(0, Allocation.Of(Cycle));

        void Cycle()
        {
            stream.Position = 0;
            stream.Write(bytes);
            stream.WriteByte(1);
            stream.Position = 8;
            Assert.True(stream.ReadByte() == 1);
            stream.ReadExactly(bytes);
        }
    }

    public void Dispose() => _machine.Dispose();

    private Kernel KernelOf(bool emulated) => emulated ? _machine.Boot() : Kernel.Linux;
}
