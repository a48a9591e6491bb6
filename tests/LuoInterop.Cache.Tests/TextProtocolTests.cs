using System.Text;
using LuoInterop.Cache.Protocol;
using Xunit;

namespace LuoInterop.Cache.Tests;

public sealed class TextProtocolTests
{
    [Fact]
    public void Commands_InPiecesOfAnySize_AreAnsweredAlike()
    {
        byte[] commands = Encoding.UTF8.GetBytes(string.Concat(Transcripts.All));
        string whole = Answer(commands, commands.Length);
        for (int size = 1; size < 60; size++)
        {
            Assert.Equal(whole, Answer(commands, size));
        }
    }

    [Fact]
    public void Line_WithoutEnd_IsRefusedAndTheClientLetGo()
    {
        using var memory = new CacheMemory();
        var protocol = new TextProtocol(new CacheState(memory.Open(), "new", memory));
        var response = new Response();
        byte[] input = new byte[TextProtocol.LongestLine];
        input.AsSpan().Fill((byte)'x');

        Assert.Equal(0, protocol.Answer(input.AsSpan(1), response));
        Assert.Equal(input.Length, protocol.Answer(input, response));

        Assert.True(protocol.Ends);
        Assert.Equal("CLIENT_ERROR line too long\r\n", Encoding.UTF8.GetString(response.Memory.Span));
    }

    [Fact]
    public void Value_ThatIsTooLong_IsSkipped_AndNoOlderOneIsFound()
    {
        byte[] commands = [.. "set k 0 0 3\r\nold\r\nset k 0 0 2000000\r\n"u8, .. new byte[2_000_000], .. "\r\nget k\r\n"u8];

        Assert.Equal("STORED\r\nSERVER_ERROR object too large for cache\r\nEND\r\n", Answer(commands, 70_000));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public void Bytes_OfAnyKind_AreAnsweredAndUsedUp(int seed)
    {
        // Grammatical pieces, in any order, and damaged.
        var random = new Random(seed);
        using var memory = new CacheMemory();
        var state = new CacheState(memory.Open(), "new", memory);
        for (int round = 0; round < 20_000; round++)
        {
            byte[] input = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Range(0, 4).Select(_ =>
                Transcripts.All[random.Next(Transcripts.All.Count)])));
            for (int damage = random.Next(4); damage > 0; damage--)
            {
                input[random.Next(input.Length)] = (byte)random.Next(256);
            }

            var protocol = new TextProtocol(state);
            var response = new Response();
            int used = 0;
            while (used < input.Length && protocol.Answer(input.AsSpan(used), response) is > 0 and var step)
            {
                used += step;
                Assert.InRange(used, 1, input.Length);
            }

            Assert.True(response.Length == 0 || response.Memory.Span.EndsWith("\r\n"u8));
        }
    }

    private static string Answer(byte[] commands, int size)
    {
        using var memory = new CacheMemory();
        var protocol = new TextProtocol(new CacheState(memory.Open(), "new", memory));
        var response = new Response();
        var held = new List<byte>();
        for (int at = 0; at < commands.Length; at += size)
        {
            held.AddRange(commands.AsSpan(at, Math.Min(size, commands.Length - at)));
            while (held.Count > 0 && protocol.Answer(held.ToArray(), response) is > 0 and var used)
            {
                held.RemoveRange(0, used);
            }
        }

        Assert.Empty(held);
        return Encoding.UTF8.GetString(response.Memory.Span);
    }
}
