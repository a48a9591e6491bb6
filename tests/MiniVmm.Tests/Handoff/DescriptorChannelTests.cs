using LuoInterop;
using MiniVmm.Handoff;
using Xunit;

namespace MiniVmm.Tests.Handoff;

public sealed class DescriptorChannelTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(DescriptorChannel.MaxDescriptors)]
    public void Message_WithDescriptors_ArrivesWithAsManyOfTheSameFiles(int count)
    {
        (DescriptorChannel ours, DescriptorChannel theirs) = DescriptorChannel.CreatePair();
        using DescriptorChannel first = ours;
        using DescriptorChannel second = theirs;
        Memfd[] files = [.. Enumerable.Range(0, count).Select(i => Memfd.Create(Kernel.Linux, $"file{i}", 100 + i))];

        ours.Send("hello"u8, [.. files.Select(static file => (int)file.Handle.DangerousGetHandle())]);
        byte[]? message = theirs.Receive(s_patience, Kernel.Linux, out KernelHandle[] descriptors);

        Assert.Equal("hello"u8.ToArray(), message);
        Assert.Equal(files.Select(static file => file.Size), descriptors.Select(static handle => new Memfd(handle).Size));
        Array.ForEach(files, static file => file.Dispose());
        DescriptorChannel.Close(descriptors);
    }

    [Fact]
    public void Receive_OtherEndClosed_IsNull()
    {
        (DescriptorChannel ours, DescriptorChannel theirs) = DescriptorChannel.CreatePair();
        using DescriptorChannel first = ours;
        theirs.Dispose();

        Assert.Null(ours.Receive(s_patience, Kernel.Linux, out KernelHandle[] descriptors));
        Assert.Empty(descriptors);
    }

    [Fact]
    public void Send_OtherEndClosed_IsAnIOException()
    {
        (DescriptorChannel ours, DescriptorChannel theirs) = DescriptorChannel.CreatePair();
        using DescriptorChannel first = ours;
        theirs.Dispose();

        Assert.Contains("sendmsg", Assert.Throws<IOException>(() => ours.Send("x"u8)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Receive_NothingSent_IsATimeout()
    {
        (DescriptorChannel ours, DescriptorChannel theirs) = DescriptorChannel.CreatePair();
        using DescriptorChannel first = ours;
        using DescriptorChannel second = theirs;

        Assert.Throws<TimeoutException>(() => ours.Receive(TimeSpan.Zero, Kernel.Linux, out _));
    }

    [Fact]
    public void LargestMessage_ArrivesWhole()
    {
        (DescriptorChannel ours, DescriptorChannel theirs) = DescriptorChannel.CreatePair();
        using DescriptorChannel first = ours;
        using DescriptorChannel second = theirs;
        byte[] message = new byte[DescriptorChannel.MaxMessage];
        Random.Shared.NextBytes(message);

        ours.Send(message);

        Assert.Equal(message, theirs.Receive(s_patience, Kernel.Linux, out _));
    }
}
