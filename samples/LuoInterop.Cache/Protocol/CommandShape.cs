namespace LuoInterop.Cache.Protocol;

/// <summary>Says how many words a command has behind its verb.</summary>
/// <param name="Least">The least.</param>
/// <param name="Most">The most, a <c>noreply</c> included; null where there is no limit.</param>
/// <param name="QuietFrom">With so many words or more, a last word <c>noreply</c> asks for no answer; null where it never does.</param>
internal readonly record struct CommandShape(int Least, int? Most = null, int? QuietFrom = null)
{
    public static bool TryFind(ReadOnlySpan<byte> verb, out CommandShape shape)
    {
        CommandShape? found = verb switch
        {
            // The word is a key.
            var _ when verb.SequenceEqual("get"u8) || verb.SequenceEqual("gets"u8) => new(1),
            var _ when StorageCommand.TryFind(verb, out StorageCommand command) =>
                command.HasCas ? new(5, Most: 6, QuietFrom: 1) : new(4, Most: 5, QuietFrom: 1),
            var _ when verb.SequenceEqual("delete"u8) => new(1, Most: 3, QuietFrom: 2),
            var _ when verb.SequenceEqual("incr"u8) || verb.SequenceEqual("decr"u8) => new(2, Most: 3, QuietFrom: 1),
            var _ when verb.SequenceEqual("touch"u8) => new(2, Most: 3, QuietFrom: 1),
            var _ when verb.SequenceEqual("flush_all"u8) => new(0, Most: 2, QuietFrom: 1),
            var _ when verb.SequenceEqual("verbosity"u8) => new(1, Most: 2, QuietFrom: 1),
            var _ when verb.SequenceEqual("stats"u8) || verb.SequenceEqual("version"u8) || verb.SequenceEqual("quit"u8) => new(0),
            _ => null,
        };
        shape = found.GetValueOrDefault();
        return found is not null;
    }

    /// <summary>Tells whether a command can have these words.</summary>
    public bool Allows(Words words) => words.Has(Least) && !(Most is { } most && words.Has(most + 1));

    /// <summary>Tells whether a command asks for no answer.</summary>
    public bool IsQuiet(Words words, ReadOnlySpan<byte> line) =>
        QuietFrom is { } count && words.Has(count) && line.TrimEnd((byte)' ').EndsWith(" noreply"u8);
}
