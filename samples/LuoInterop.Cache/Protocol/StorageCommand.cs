using LuoInterop.Cache.Items;

namespace LuoInterop.Cache.Protocol;

/// <summary>Says what a command does that brings a value.</summary>
/// <param name="Condition">When the value is stored.</param>
/// <param name="HasCas">Whether its line ends with the number that the item must have.</param>
/// <param name="Extends">Whether the value is put to the one that is there.</param>
/// <param name="InFront">Whether it is put in front of it.</param>
internal readonly record struct StorageCommand(
    StoreCondition Condition, bool HasCas = false, bool Extends = false, bool InFront = false)
{
    public static bool TryFind(ReadOnlySpan<byte> verb, out StorageCommand command)
    {
        StorageCommand? found = verb switch
        {
            var _ when verb.SequenceEqual("set"u8) => new(StoreCondition.Always),
            var _ when verb.SequenceEqual("add"u8) => new(StoreCondition.Absent),
            var _ when verb.SequenceEqual("replace"u8) => new(StoreCondition.Present),
            var _ when verb.SequenceEqual("cas"u8) => new(StoreCondition.Unchanged, HasCas: true),
            var _ when verb.SequenceEqual("append"u8) => new(StoreCondition.Present, Extends: true),
            var _ when verb.SequenceEqual("prepend"u8) => new(StoreCondition.Present, Extends: true, InFront: true),
            _ => null,
        };
        command = found.GetValueOrDefault();
        return found is not null;
    }
}
