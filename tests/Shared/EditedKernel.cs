using System.Buffers.Binary;
using System.Diagnostics;
using System.IO.Compression;
using Xunit;

namespace LuoInterop.Tests.Shared;

/// <summary>Changes one text in a kernel that is packed with gzip, so that the kernel still boots.</summary>
internal static class EditedKernel
{
    private const int PayloadOffset = 0x248;
    private const int PayloadLength = 0x24c;
    private const int GzipHeader = 10;
    private const byte HasName = 8;

    /// <summary>Unpacks the kernel of a bzImage that is packed with gzip.</summary>
    public static byte[] Unpack(byte[] image)
    {
        using var unpacked = new MemoryStream();
        using var gzip = new GZipStream(new MemoryStream(image[Payload(image)]), CompressionMode.Decompress);
        gzip.CopyTo(unpacked);
        return unpacked.ToArray();
    }

    /// <summary>Puts packed bytes, and what follows them, in the place of an image's kernel. Such an image can be read, not
    /// booted.</summary>
    public static byte[] Replace(byte[] image, byte[] payload)
    {
        Range old = Payload(image);
        byte[] replaced = [.. image[..old.Start], .. payload];
        BinaryPrimitives.WriteInt32LittleEndian(replaced.AsSpan(PayloadLength), payload.Length);
        return replaced;
    }

    /// <summary>Makes an image with the number of a text changed, as <c>luo-v5</c> to <c>luo-v6</c>.</summary>
    /// <remarks>The code that unpacks the kernel knows the length of what is packed: the new one has the same, by a file name of the
    /// right length in gzip's header. Which number packs well enough is tried.</remarks>
    public static byte[] Change(byte[] image, string text)
    {
        byte[] kernel = Unpack(image);
        int place = kernel.AsSpan().IndexOf(System.Text.Encoding.ASCII.GetBytes(text + "\0"));
        Assert.True(place >= 0, $"the kernel has no text {text}");
        Range old = Payload(image);
        (int offset, int length) = old.GetOffsetAndLength(image.Length);
        foreach (char number in "9876431".Where(number => number != text[^1]))
        {
            kernel[place + text.Length - 1] = (byte)number;
            byte[] packed = Run("gzip", ["-n", "-9"], kernel);
            int room = length - packed.Length;
            if (room is 0 or > 1)
            {
                packed[3] |= room > 0 ? HasName : (byte)0;
                byte[] name = room > 0 ? [.. Enumerable.Repeat((byte)'x', room - 1), 0] : [];
                byte[] changed =
                    [.. image[..offset], .. packed[..GzipHeader], .. name, .. packed[GzipHeader..], .. image[(offset + length)..]];
                Assert.Equal(image.Length, changed.Length);
                return changed;
            }
        }

        throw new InvalidOperationException($"No number for {text} packs into {length} bytes.");
    }

    /// <summary>Runs a tool that reads standard input and writes standard output.</summary>
    public static byte[] Run(string tool, string[] words, byte[] input)
    {
        using Process process = Process.Start(new ProcessStartInfo(tool, words)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        using var output = new MemoryStream();
        Task read = process.StandardOutput.BaseStream.CopyToAsync(output);
        process.StandardInput.BaseStream.Write(input);
        process.StandardInput.Close();
        read.Wait();
        process.WaitForExit();
        Assert.Equal(0, process.ExitCode);
        return output.ToArray();
    }

    private static Range Payload(byte[] image)
    {
        int start = ((image[0x1f1] + 1) * 512) + BinaryPrimitives.ReadInt32LittleEndian(image.AsSpan(PayloadOffset));
        return start..(start + BinaryPrimitives.ReadInt32LittleEndian(image.AsSpan(PayloadLength)));
    }
}
