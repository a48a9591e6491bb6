using System.Text;
using LuoInterop.KernelImages.Unpacking;
using LuoInterop.KernelImages;
using LuoInterop.KernelImages.Contents;
using LuoInterop.Tests.Shared;

namespace LuoInterop.Fuzz;

/// <summary>Reads kernel images of every kind, packed in one way.</summary>
internal sealed class KernelImageTarget(KernelCompression compression) : FuzzTarget($"kernel-{compression}".ToLowerInvariant())
{
    // Windows and buffers of the unpackers are no larger than this, or a few times as large.
    private const int MostKernel = 1 << 20;

    // Packing takes far longer than reading: kernels are packed once, and damaged in as many ways as one likes.
    private const int Kernels = 1024;

    private static readonly KernelImageOptions s_options = new() { MaximumKernelBytes = MostKernel };

    private readonly byte[]?[] _packed = new byte[Kernels][];

    // LZ4 and lzop have blocks of as much as 8 and 64 MiB; no byte of theirs unpacks to more than 255.
    public override Cost Limit => new(16 << 20, 4096);

    public override IReadOnlyList<byte[]> Snippets { get; } =
        ["HdrS"u8.ToArray(), [0x1f, 0x8b, 8, 0], [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0], [0x89, 0x4c, 0x5a, 0x4f, 0], [0x02, 0x21, 0x4c, 0x18],
        [0x28, 0xb5, 0x2f, 0xfd], "MZ\0\0zimg"u8.ToArray(), "IKCFG_ST\x1f"u8.ToArray(), "\0memfd-v2\0"u8.ToArray(),
        ".linux\0\0"u8.ToArray()];

    public override byte[] Generate(Random random)
    {
        int kernel = random.Next(Kernels);
        return [.. _packed[kernel] ??= Make(new Random(kernel))];
    }

    public override object? Parse(byte[] input)
    {
        try
        {
            return KernelImage.Read(input, s_options);
        }
        catch (KernelImageException)
        {
            return null;
        }
    }

    public override void Check(byte[] input, object parsed, bool isSound)
    {
        var image = (KernelImage)parsed;
        Require(image.KernelBytes is >= 0 and <= MostKernel, "more came out than is allowed");
        Require(image.CompatibleTexts.All(static text => CompatibleTexts.KindOf(text) is not null), "a text is not known");
        bool isComplete = image.Release == "7.3.4" && image.Kho is ["kho-v4"] && image.FileHandlers is ["memfd-v2"];
        Require(!isSound || isComplete, "a text is missing");

        // Whatever was read, a prediction can be made of it.
        HandedOver live = HandedOver.Of(image);
        Require(NextKernel.Predict(live, image, "kho=on liveupdate=on").Components.Count > 0, "nothing is predicted");
    }

    private byte[] Make(Random random)
    {
        string[] texts =
            ["Linux version 7.3.4 (a@b) #1\n", "kho-v4", "luo-v5", "memfd-v2", "liveupdate", new string('\0', random.Next(900))];
        byte[] noise = new byte[random.Next(600)];
        random.NextBytes(noise);
        byte[] sections = [0x50, 0x55, 0x56, 0x4c, 1, 0, 0, 0, .. noise];
        byte[] kernel = random.Next(3) == 0
            ? PackedKernel.Vmlinux(texts, (".liveupdate_versions", sections), (".liveupdate_features", sections))
            : random.Next(2) == 0 ? PackedKernel.Arm64(texts) : PackedKernel.Vmlinux(texts, (".data", noise));
        return random.Next(6) switch
        {
            0 => PackedKernel.Pack(compression, kernel),
            1 => PackedKernel.Zboot(compression, kernel),
            2 => PackedKernel.Pe(
                random.Next(2) == 0,
                (".linux", PackedKernel.BzImage(compression, kernel)),
                (".cmdline", "liveupdate=on"u8.ToArray()),
                (".profile", "ID=a"u8.ToArray())),
            _ => PackedKernel.BzImage(compression, kernel),
        };
    }
}

/// <summary>Unpacks LZO1X blocks.</summary>
internal sealed class Lzo1xTarget() : FuzzTarget("lzo1x")
{
    private const int Room = 1 << 16;

    private readonly byte[] _room = new byte[Room];

    public override Cost Limit => new(1024, 0);

    public override IReadOnlyList<byte[]> Snippets { get; } =
        [[0x11, 0, 0], [0x20, 0, 0, 0, 1], [0, 0, 0, 0], [0x80, 0], [0x21, 0xfc, 0xff]];

    // Copies and literals at random, each of which the ones before it allow.
    public override byte[] Generate(Random random)
    {
        using var block = new MemoryStream();
        int written = 4 + random.Next(200);
        block.WriteByte((byte)(17 + written));
        block.Write(Bytes(random, written));
        for (int i = random.Next(40); i > 0; i--)
        {
            int literals = random.Next(4);
            int distance = random.Next(Math.Min(written, 2048));
            int length = random.Next(5, 9);
            block.WriteByte((byte)(0x80 | ((length - 5) << 5) | ((distance & 7) << 2) | literals));
            block.WriteByte((byte)(distance >> 3));
            block.Write(Bytes(random, literals));
            written += length + literals;
        }

        block.Write([0x11, 0, 0]);
        return block.ToArray();
    }

    public override object? Parse(byte[] input) =>
        Lzo1x.Decompress(input, _room, out int read, out int written) == Lzo1xResult.Done ? (read, written) : null;

    public override void Check(byte[] input, object parsed, bool isSound)
    {
        (int read, int written) = ((int, int))parsed;
        Require(read <= input.Length && written <= Room, "more is read or written than there is");
        Require(!isSound || read == input.Length, "bytes are left");
        byte[] exact = new byte[written];
        Require(
            Lzo1x.Decompress(input, exact, out _, out _) == Lzo1xResult.Done && exact.AsSpan().SequenceEqual(_room.AsSpan(0, written)),
            "a room that is just large enough is too small, or gets other bytes");
    }

    private static byte[] Bytes(Random random, int count)
    {
        byte[] bytes = new byte[count];
        random.NextBytes(bytes);
        return bytes;
    }
}

/// <summary>Reads kernel configurations.</summary>
internal sealed class ConfigurationTarget() : FuzzTarget("config")
{
    public override Cost Limit => new(6 << 20, 16);

    public override IReadOnlyList<byte[]> Snippets { get; } =
        ["CONFIG_"u8.ToArray(), "# CONFIG_A is not set\n"u8.ToArray(), "=y\n"u8.ToArray(), [0x1f, 0x8b, 8, 0], "=\"\\\"\"\n"u8.ToArray()];

    public override byte[] Generate(Random random)
    {
        var text = new StringBuilder("# Linux/x86 7.3.4 Kernel Configuration\n");
        for (int i = random.Next(1, 60); i > 0; i--)
        {
            string option = $"CONFIG_{random.Next(1000)}";
            text.Append(random.Next(3) switch
            {
                0 => $"# {option} is not set\n",
                1 => $"{option}=y\n",
                _ => $"{option}=\"a \\\"b\\\\\"\n",
            });
        }

        byte[] plain = Encoding.ASCII.GetBytes(text.Append("CONFIG_LIVEUPDATE=y\n# end of Kernel hacking\n").ToString());
        return random.Next(2) == 0 ? plain : PackedKernel.Pack(KernelCompression.Gzip, plain);
    }

    public override object? Parse(byte[] input) => KernelConfiguration.Parse(input, "fuzz");

    public override void Check(byte[] input, object parsed, bool isSound)
    {
        var configuration = (KernelConfiguration)parsed;
        Require(!isSound || (configuration.Has("CONFIG_LIVEUPDATE") == true && configuration.IsOf("7.3.4")), "an option is not found");
        _ = configuration.Text("CONFIG_CMDLINE");
    }
}
