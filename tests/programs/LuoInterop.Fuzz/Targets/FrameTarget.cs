using LuoInterop.VmTesting;
using LuoInterop.VmTesting.Machine;
using LuoInterop.VmTesting.Protocol;

namespace LuoInterop.Fuzz;

/// <summary>Reads the frames of a guest's ports, and takes what is in them.</summary>
internal sealed class FrameTarget() : FuzzTarget("frames")
{
    private static readonly VmOptions Options = new() { Kernel = null!, Command = ["true"], ExpectedKernels = 3 };

    private long _steps;

    public override Cost Limit => new(262144, 256, 64, 4);

    public override long Steps => _steps;

    public override IReadOnlyList<byte[]> Snippets { get; } = [
        [0x4c, 0x55, 0x4f, 0x56], [0x4c, 0x55, 0x4f, 0x56, 16, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0], [0xff, 0xff, 0xff, 0xff], [0, 0x80, 0, 0]];

    public override byte[] Generate(Random random)
    {
        var bytes = new List<byte>();
        bytes.AddRange(Hello(random, 1, 1).Span);
        uint sequence = 1;
        for (int i = random.Next(6); i > 0; i--)
        {
            FrameBuilder frame = random.Next(6) switch
            {
                0 => new FrameBuilder(FrameType.Output, 1, ++sequence).Byte((byte)random.Next(1, 3)).Bytes(Bytes(random)),
                1 => new FrameBuilder(FrameType.Sync, 1, ++sequence),
                2 => new FrameBuilder(FrameType.Report, 1, ++sequence).Byte((byte)GuestOutcome.Passed).Text($"test {i}").Text("\u20ac"),
                3 => new FrameBuilder(FrameType.Value, 1, ++sequence).Text("name").Text($"{random.Next()}"),
                4 => new FrameBuilder(FrameType.Event, 1, ++sequence).Text("event"),
                _ => new FrameBuilder(FrameType.FileBegin, 1, ++sequence).Text($"file-{i}"),
            };
            bytes.AddRange(frame.Finish().Span);
        }

        byte[] content = Bytes(random);
        bytes.AddRange(new FrameBuilder(FrameType.FileBegin, 1, ++sequence).Text("file").Finish().Span);
        bytes.AddRange(new FrameBuilder(FrameType.FileData, 1, ++sequence).Bytes(content).Finish().Span);
        bytes.AddRange(new FrameBuilder(FrameType.FileEnd, 1, ++sequence).UInt64((ulong)content.Length).Finish().Span);
        bytes.AddRange(new FrameBuilder(FrameType.Exit, 1, ++sequence).UInt32((uint)ExitKind.Status).UInt32(0).Text("").Finish().Span);
        return [.. bytes];
    }

    public override object? Parse(byte[] input)
    {
        using var stream = new CountingStream(input);
        var record = new RunRecord(Options);
        var frames = new List<Frame>();
        try
        {
            while (Frame.ReadAsync(stream, CancellationToken.None).GetAwaiter().GetResult() is { } frame)
            {
                if ((ushort)frame.Type < (ushort)FrameType.Report)
                {
                    record.TakeInit(frame);
                }
                else
                {
                    record.TakeReport(frame);
                }

                frames.Add(frame);
            }

            return frames;
        }
        catch (Exception error) when (error is FrameException or EndOfStreamException or RunEndedException)
        {
            return null;
        }
        finally
        {
            _steps = stream.Steps;
        }
    }

    public override void Check(byte[] input, object parsed, bool isSound)
    {
        var bytes = new List<byte>(input.Length);
        foreach (Frame frame in (List<Frame>)parsed)
        {
            bytes.AddRange(new FrameBuilder(frame.Type, frame.Stage, frame.Sequence).Bytes(frame.Body.Span).Finish().Span);
        }

        Require(bytes.SequenceEqual(input), "the frames are others when they are written again");
    }

    private static ReadOnlyMemory<byte> Hello(Random random, uint stage, uint sequence) =>
        new FrameBuilder(FrameType.Hello, (ushort)stage, sequence)
            .UInt32(FrameFormat.ProtocolVersion)
            .UInt32(stage)
            .UInt64((ulong)random.Next())
            .Text("7.3.4")
            .Finish();

    private static byte[] Bytes(Random random)
    {
        var bytes = new byte[random.Next(300)];
        random.NextBytes(bytes);
        return bytes;
    }

    // Counts reads and the bytes that they gave.
    private sealed class CountingStream(byte[] bytes) : MemoryStream(bytes, writable: false)
    {
        public long Steps { get; private set; }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            int read = await base.ReadAsync(buffer, cancellationToken);
            Steps += 1 + read;
            return read;
        }
    }
}
