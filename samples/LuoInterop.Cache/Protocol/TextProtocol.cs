using LuoInterop.Cache.Items;

namespace LuoInterop.Cache.Protocol;

/// <summary>Answers the commands of memcached's text protocol that come over one connection.</summary>
/// <remarks>Source: <c>doc/protocol.txt</c> of memcached. Left out are the meta commands, and the times that <c>flush_all</c> can have.
/// Not thread-safe; several connections share a <see cref="CacheState"/>.</remarks>
internal sealed class TextProtocol(CacheState state)
{
    /// <summary>The longest command line in bytes: a <c>get</c> of many keys.</summary>
    public const int LongestLine = 64 << 10;

    // A time up to this is counted from now on, a later one from 1970.
    private const long LongestRelativeSeconds = 60L * 60 * 24 * 30;

    private long _skip;

    /// <summary>Whether the client is to be let go, after what it was answered.</summary>
    public bool Ends { get; private set; }

    /// <summary>Answers the first command of what was received.</summary>
    /// <returns>How many bytes were used up; 0 where more are needed.</returns>
    public int Answer(ReadOnlySpan<byte> input, Response response)
    {
        if (_skip > 0)
        {
            int skipped = (int)Math.Min(_skip, input.Length);
            _skip -= skipped;
            return skipped;
        }

        int end = input[..Math.Min(input.Length, LongestLine)].IndexOf((byte)'\n');
        if (end < 0)
        {
            if (input.Length >= LongestLine)
            {
                response.Line("CLIENT_ERROR line too long"u8);
                Ends = true;
                return input.Length;
            }

            return 0;
        }

        ReadOnlySpan<byte> line = input[..end].TrimEnd((byte)'\r');
        int used = end + 1;
        lock (state.Gate)
        {
            int more = Command(line, input[used..], response, out bool waits);
            used = waits ? 0 : used + more;
        }

        return used;
    }

    /// <summary>Answers a command; the bytes behind its line that belong to it, or that they have not all come.</summary>
    private int Command(ReadOnlySpan<byte> line, ReadOnlySpan<byte> behind, Response response, out bool waits)
    {
        waits = false;
        var words = new Words(line);
        ReadOnlySpan<byte> verb = words.Next();
        if (!CommandShape.TryFind(verb, out CommandShape shape) || !shape.Allows(words))
        {
            response.Line("ERROR"u8);
            return 0;
        }

        int start = response.Length;
        int more = Do(verb, words, behind, response, out waits);
        if (shape.IsQuiet(words, line))
        {
            response.Truncate(start);
        }

        return more;
    }

    private int Do(ReadOnlySpan<byte> verb, Words words, ReadOnlySpan<byte> behind, Response response, out bool waits)
    {
        waits = false;
        switch (verb)
        {
            case var _ when verb.SequenceEqual("get"u8):
                Get(ref words, response, withCas: false);
                return 0;
            case var _ when verb.SequenceEqual("gets"u8):
                Get(ref words, response, withCas: true);
                return 0;
            case var _ when StorageCommand.TryFind(verb, out StorageCommand command):
                return Store(command, ref words, behind, response, out waits);
            case var _ when verb.SequenceEqual("delete"u8):
                Delete(ref words, response);
                return 0;
            case var _ when verb.SequenceEqual("incr"u8):
                Add(ref words, response, down: false);
                return 0;
            case var _ when verb.SequenceEqual("decr"u8):
                Add(ref words, response, down: true);
                return 0;
            case var _ when verb.SequenceEqual("touch"u8):
                Touch(ref words, response);
                return 0;
            case var _ when verb.SequenceEqual("flush_all"u8):
                FlushAll(ref words, response);
                return 0;
            case var _ when verb.SequenceEqual("stats"u8):
                StatsAnswer.Write(state, words.Next(), response);
                return 0;
            case var _ when verb.SequenceEqual("version"u8):
                response.Add("VERSION "u8).AddText(StatsAnswer.Version).Line();
                return 0;
            case var _ when verb.SequenceEqual("verbosity"u8):
                response.Line("OK"u8);
                return 0;
            default:
                Ends = true;
                return 0;
        }
    }

    private void Get(ref Words words, Response response, bool withCas)
    {
        for (ReadOnlySpan<byte> key = words.Next(); !key.IsEmpty; key = words.Next())
        {
            if (key.Length > ItemRecord.LongestKey)
            {
                response.Line("CLIENT_ERROR bad command line format"u8);
                return;
            }

            state.Statistics.Gets++;
            if (state.Items.TryGet(key, out Item item))
            {
                state.Statistics.Hits++;
                response.Add("VALUE "u8).Add(key).Add(" "u8).Add(item.Flags).Add(" "u8).Add((ulong)item.Value.Length);
                if (withCas)
                {
                    response.Add(" "u8).Add(item.Cas);
                }

                response.Line();
                response.Line(item.Value);
            }
        }

        response.Line("END"u8);
    }

    private int Store(StorageCommand command, ref Words words, ReadOnlySpan<byte> behind, Response response, out bool waits)
    {
        waits = false;
        ReadOnlySpan<byte> key = words.Next();
        ulong cas = 0;
        bool isRight = IsKey(key);
        isRight &= words.TryNumber(out ulong flags) & words.TrySigned(out long time) & words.TryNumber(out ulong length);
        isRight &= !command.HasCas || words.TryNumber(out cas);
        if (!isRight || flags > uint.MaxValue || length > int.MaxValue)
        {
            response.Line("CLIENT_ERROR bad command line format"u8);
            return 0;
        }

        if (length > ItemRecord.LongestValue)
        {
            // An older value must not be found where a newer one was to be.
            if (command.Condition == StoreCondition.Always)
            {
                state.Items.Delete(key);
            }

            response.Line("SERVER_ERROR object too large for cache"u8);
            _skip = (long)length + 2;
            return 0;
        }

        int whole = (int)length + 2;
        if (behind.Length < whole)
        {
            waits = true;
            return 0;
        }

        if (!behind[(int)length..whole].SequenceEqual("\r\n"u8))
        {
            response.Line("CLIENT_ERROR bad data chunk"u8);
            return whole;
        }

        state.Statistics.Sets++;
        ReadOnlySpan<byte> value = behind[..(int)length];
        StoreOutcome outcome = command.Extends
            ? state.Items.Extend(key, value, command.InFront)
            : state.Items.Store(key, value, (uint)flags, Expiry(time), command.Condition, cas);
        state.Statistics.Stored += outcome == StoreOutcome.Stored ? 1 : 0;
        response.Line(outcome switch
        {
            StoreOutcome.Stored => "STORED"u8,
            StoreOutcome.Changed => "EXISTS"u8,
            StoreOutcome.NotFound => "NOT_FOUND"u8,
            StoreOutcome.TooLarge => "SERVER_ERROR object too large for cache"u8,
            _ => "NOT_STORED"u8,
        });
        return whole;
    }

    private void Delete(ref Words words, Response response)
    {
        ReadOnlySpan<byte> key = words.Next();
        if (!IsKey(key))
        {
            response.Line("CLIENT_ERROR bad command line format"u8);
            return;
        }

        state.Statistics.Deletes++;
        response.Line(state.Items.Delete(key) ? "DELETED"u8 : "NOT_FOUND"u8);
    }

    private void Add(ref Words words, Response response, bool down)
    {
        ReadOnlySpan<byte> key = words.Next();
        if (!IsKey(key))
        {
            response.Line("CLIENT_ERROR bad command line format"u8);
            return;
        }

        if (!words.TryNumber(out ulong amount))
        {
            response.Line("CLIENT_ERROR invalid numeric delta argument"u8);
            return;
        }

        switch (state.Items.Add(key, amount, down, out ulong result))
        {
            case StoreOutcome.Stored:
                response.Add(result).Line();
                return;
            case StoreOutcome.NotFound:
                response.Line("NOT_FOUND"u8);
                return;
            default:
                response.Line("CLIENT_ERROR cannot increment or decrement non-numeric value"u8);
                return;
        }
    }

    private void Touch(ref Words words, Response response)
    {
        ReadOnlySpan<byte> key = words.Next();
        if (!IsKey(key) || !words.TrySigned(out long time))
        {
            response.Line("CLIENT_ERROR bad command line format"u8);
            return;
        }

        state.Statistics.Touches++;
        response.Line(state.Items.Touch(key, Expiry(time)) ? "TOUCHED"u8 : "NOT_FOUND"u8);
    }

    private void FlushAll(ref Words words, Response response)
    {
        ReadOnlySpan<byte> when = words.Next();
        if (!when.IsEmpty && !when.SequenceEqual("0"u8) && !when.SequenceEqual("noreply"u8))
        {
            response.Line("CLIENT_ERROR flush_all takes no time here"u8);
            return;
        }

        state.Statistics.Flushes++;
        state.Items.Flush();
        response.Line("OK"u8);
    }

    private static bool IsKey(ReadOnlySpan<byte> word) => word.Length is > 0 and <= ItemRecord.LongestKey;

    private long Expiry(long time)
    {
        long now = state.Clock.GetUtcNow().ToUnixTimeSeconds();
        return time switch
        {
            0 => 0,
            < 0 => now,
            <= LongestRelativeSeconds => now + time,
            _ => time,
        };
    }
}
