using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace LuoInterop.Demo;

/// <summary>Keeps what the program knows of its guest in a memfd: JSON behind its SHA-256, which covers the rest of the file.</summary>
/// <remarks>It is written after the file was preserved, so the catalogue cannot hold its checksum.</remarks>
internal static class GuestState
{
    /// <summary>The file's size in bytes, which cannot change once it is preserved.</summary>
    public const int Size = 64 << 10;

    public static void Write(Memfd state, ulong seed, Timeline timeline)
    {
        byte[] bytes = new byte[Size];
        Encoding.UTF8.GetBytes(
            new JsonObject { ["seed"] = seed, ["timeline"] = timeline.ToJson() }.ToJsonString(), bytes.AsSpan(SHA256.HashSizeInBytes));
        SHA256.HashData(bytes.AsSpan(SHA256.HashSizeInBytes), bytes);
        state.Write(0, bytes);
    }

    /// <summary>Reads the state; false when its bytes are not those that were written.</summary>
    public static bool TryRead(Memfd state, out ulong seed, out Timeline timeline)
    {
        seed = 0;
        timeline = Timeline.Start(null);
        byte[] bytes = new byte[Size];
        int length = state.Read(0, bytes);
        ReadOnlySpan<byte> content = bytes.AsSpan(SHA256.HashSizeInBytes);
        if (length != Size || !SHA256.HashData(content).AsSpan().SequenceEqual(bytes.AsSpan(0, SHA256.HashSizeInBytes)))
        {
            return false;
        }

        JsonNode json = JsonNode.Parse(content[..content.IndexOf((byte)0)])!;
        seed = json["seed"]!.GetValue<ulong>();
        timeline = Timeline.Resume(json["timeline"]!, null);
        return true;
    }
}
