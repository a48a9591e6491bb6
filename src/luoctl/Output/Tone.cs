namespace LuoInterop.Cli.Output;

/// <summary>Says what a piece of text is, for its colour.</summary>
internal enum Tone
{
    /// <summary>Text as any other.</summary>
    Plain,
    /// <summary>A heading or a name.</summary>
    Strong,
    /// <summary>What is as it should be.</summary>
    Good,
    /// <summary>What should be looked at.</summary>
    Caution,
    /// <summary>What is wrong.</summary>
    Bad,
    /// <summary>What matters least.</summary>
    Faint,
}
