using System.Buffers.Binary;
using LuoInterop.VmTesting.Machine;
using LuoInterop.VmTesting.Protocol;
using Xunit;

namespace LuoInterop.VmTesting.Tests;

public sealed class FrameTests
{
    private static readonly VmOptions s_options = new() { Kernel = null!, Command = ["x"], MaxFileBytes = 1000 };

    private static Frame Read(ReadOnlySpan<byte> bytes) => Frame.ReadAsync(new MemoryStream(bytes.ToArray()), default).Result!.Value;

    private static Frame Make(FrameType type, Func<FrameBuilder, FrameBuilder> fill, ushort stage = 1) =>
        Read(fill(new FrameBuilder(type, stage, 7)).Finish().Span);

    private static Frame Hello(uint stage = 1, uint version = 1, ulong uptime = 5) =>
        Make(FrameType.Hello, f => f.UInt32(version).UInt32(stage).UInt64(uptime).Text("7.3.4"));

    [Fact]
    public void Frame_ReadsBack()
    {
        Frame frame = Make(FrameType.Value, f => f.Text("name").Text("gr\u00fc\u00df"), 3);
        Assert.Equal((FrameType.Value, (ushort)3, 7u), (frame.Type, frame.Stage, frame.Sequence));
        BodyReader body = new(frame);
        Assert.Equal("name", body.Text());
        Assert.Equal("gr\u00fc\u00df", body.Text());
        body.End();
    }

    [Fact]
    public async Task EveryTruncation_IsNamed()
    {
        byte[] whole = new FrameBuilder(FrameType.Value, 1, 1).Text("name").Text("value").Finish().ToArray();
        Assert.Null(await Frame.ReadAsync(new MemoryStream(), default));
        for (int length = 1; length < whole.Length; length++)
        {
            await Assert.ThrowsAsync<EndOfStreamException>(() => Frame.ReadAsync(new MemoryStream(whole[..length]), default));
        }
    }

    [Fact]
    public async Task BadHeader_IsNamed()
    {
        byte[] whole = new FrameBuilder(FrameType.Value, 1, 1).Text("a").Text("b").Finish().ToArray();
        await AssertRefusedAsync(whole, 0, 0, "magic");
        await AssertRefusedAsync(whole, 4, 99, "type 99 is unknown");
        await AssertRefusedAsync(whole, 12, FrameFormat.MaxBody + 1, "the most is");
        await AssertRefusedAsync(whole, 12, uint.MaxValue, "the most is");
    }

    [Fact]
    public void TooLargeFrame_CannotBeBuilt()
    {
        Assert.Equal(FrameFormat.MaxFrame, new FrameBuilder(FrameType.FileData, 1, 1).Bytes(new byte[FrameFormat.MaxBody]).Finish().Length);
        Assert.Throws<ArgumentException>(() => new FrameBuilder(FrameType.FileData, 1, 1).Bytes(new byte[FrameFormat.MaxBody + 1]));
        Assert.Throws<ArgumentException>(() => new FrameBuilder(FrameType.Event, 1, 1).Text(new string('x', FrameFormat.MaxBody)));
    }

    [Fact]
    public void Body_WithWrongLengths_IsNamed()
    {
        RunRecord record = new(s_options);
        Assert.Contains(
            "text of 9 bytes", Refusal(record, Make(FrameType.Event, f => f.UInt32(9).Bytes("short"u8))), StringComparison.Ordinal);
        Assert.Contains("bytes too many", Refusal(record, Make(FrameType.Event, f => f.Text("x").Byte(0))), StringComparison.Ordinal);
        Assert.Contains("bytes too short", Refusal(record, Make(FrameType.Report, f => f)), StringComparison.Ordinal);
        Assert.Contains("outcome 9", Refusal(record, Make(FrameType.Report, f => f.Byte(9).Text("t").Text(""))), StringComparison.Ordinal);
        Assert.Contains("does not belong", Refusal(record, Hello()), StringComparison.Ordinal);
    }

    [Fact]
    public void Files_AreCheckedWhole()
    {
        RunRecord record = new(s_options);
        Assert.Contains("without a name", Refusal(record, Make(FrameType.FileData, f => f.Byte(1))), StringComparison.Ordinal);
        Assert.Contains("plain file name", Refusal(record, Make(FrameType.FileBegin, f => f.Text("../etc"))), StringComparison.Ordinal);
        record.TakeReport(Make(FrameType.FileBegin, f => f.Text("a")));
        record.TakeReport(Make(FrameType.FileData, f => f.Bytes(new byte[900])));
        Assert.Contains("says 901", Refusal(record, Make(FrameType.FileEnd, f => f.UInt64(901))), StringComparison.Ordinal);
        Assert.Contains(
            "larger than 1000", Refusal(record, Make(FrameType.FileData, f => f.Bytes(new byte[101]))), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, VmOutcome.Failed)]
    [InlineData(false, VmOutcome.Passed)]
    public void KernelWarning_FailsTheRunWhereAsked(bool fails, VmOutcome expected)
    {
        RunRecord record = new(s_options with { KernelWarningsFail = fails });
        record.TakeInit(Hello());
        record.SeeConsole("[ 1.0] WARNING: CPU: 0 PID: 1 at mm/memfd_luo.c:1 x+0x0/0x1\n"u8.ToArray());
        record.TakeInit(Make(FrameType.Exit, f => f.UInt32(1).UInt32(0).Text("")));
        VmResult result = record.Finish(null, VmAccelerator.Tcg, null);
        Assert.Equal(expected, result.Outcome);
        Assert.Single(result.KernelWarnings);
    }

    [Fact]
    public void UnfinishedFile_FailsTheRun()
    {
        RunRecord record = new(s_options);
        record.TakeInit(Hello());
        record.TakeReport(Make(FrameType.FileBegin, f => f.Text("a")));
        record.TakeInit(Make(FrameType.Exit, f => f.UInt32(1).UInt32(0).Text("")));
        VmResult result = record.Finish(null, VmAccelerator.Tcg, null);
        Assert.Equal(VmOutcome.Failed, result.Outcome);
        Assert.Equal("kernel 1: the file 'a' did not arrive whole", Assert.Single(result.Failures));
    }

    [Fact]
    public void Init_SaysOnlyWhatCanBeTrue()
    {
        RunRecord record = new(s_options with { ExpectedKernels = 2 });
        Assert.Throws<FrameException>(() => record.TakeInit(Make(FrameType.Exit, f => f.UInt32(1).UInt32(0).Text(""))));
        Assert.Throws<FrameException>(() => record.TakeInit(Hello(version: 2)));
        Assert.Throws<FrameException>(() => record.TakeInit(Hello(uptime: ulong.MaxValue)));
        record.TakeInit(Hello());
        Assert.Throws<FrameException>(() => record.TakeInit(Make(FrameType.Exit, f => f.UInt32(9).UInt32(0).Text(""))));
        Assert.Throws<FrameException>(() => record.TakeInit(Make(FrameType.Output, f => f.Byte(3))));
        Assert.Equal(VmLostReason.UnexpectedKernel, Assert.Throws<RunEndedException>(() => record.TakeInit(Hello(1))).Reason);
        Assert.Equal(VmLostReason.UnexpectedKernel, Assert.Throws<RunEndedException>(() => record.TakeInit(Hello(3))).Reason);
    }

    [Fact]
    public async Task Fuzz_OnlyEverGivesNamedErrors()
    {
        Random random = new(20260101);
        byte[][] seeds =
        [
            new FrameBuilder(FrameType.Report, 1, 1).Byte(1).Text("test").Text("message").Finish().ToArray(),
            new FrameBuilder(FrameType.Hello, 1, 1).UInt32(1).UInt32(1).UInt64(9).Text("r").Finish().ToArray(),
            new FrameBuilder(FrameType.Output, 1, 1).Byte(1).Bytes([0xff, 0xfe, 0x0a]).Finish().ToArray(),
            new FrameBuilder(FrameType.Exit, 1, 1).UInt32(1).UInt32(3).Text("").Finish().ToArray(),
            new FrameBuilder(FrameType.FileBegin, 1, 1).Text("f").Finish().ToArray(),
            new FrameBuilder(FrameType.FileEnd, 1, 1).UInt64(0).Finish().ToArray(),
        ];
        int refused = 0, taken = 0;
        RunRecord record = new(s_options);
        for (int i = 0; i < 20_000; i++)
        {
            byte[] bytes = [.. seeds[random.Next(seeds.Length)]];
            for (int flips = random.Next(4); flips > 0; flips--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            try
            {
                Frame frame = (await Frame.ReadAsync(new MemoryStream(bytes), default))!.Value;
                (random.Next(2) == 0 ? (Action<Frame>)record.TakeInit : record.TakeReport)(frame);
                taken++;
            }
            catch (Exception e) when (e is FrameException or RunEndedException or EndOfStreamException)
            {
                refused++;
            }
        }

        Assert.InRange(taken, 1000, 19_000);
        Assert.InRange(refused, 1000, 19_000);
    }

    private static string Refusal(RunRecord record, Frame frame) => Assert.Throws<FrameException>(() => record.TakeReport(frame)).Message;

    private static async Task AssertRefusedAsync(byte[] whole, int at, uint value, string expected)
    {
        byte[] broken = [.. whole];
        if (at == 4)
        {
            BinaryPrimitives.WriteUInt16LittleEndian(broken.AsSpan(at), (ushort)value);
        }
        else
        {
            BinaryPrimitives.WriteUInt32LittleEndian(broken.AsSpan(at), value);
        }

        FrameException refusal = await Assert.ThrowsAsync<FrameException>(() => Frame.ReadAsync(new MemoryStream(broken), default));
        Assert.Contains(expected, refusal.Message, StringComparison.Ordinal);
    }
}
