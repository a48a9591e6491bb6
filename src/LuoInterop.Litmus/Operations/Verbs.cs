using LuoInterop.Litmus.Language;

namespace LuoInterop.Litmus.Operations;

/// <summary>Lists the operations of the language.</summary>
internal static class Verbs
{
    public static IReadOnlyList<Verb> All { get; } =
    [
        .. SessionVerbs.All,
        .. IoctlVerbs.All,
        .. DescriptorVerbs.All,
        .. OtherFileVerbs.All,
        .. KvmVerbs.All,
        .. ContentVerbs.All,
        .. MappingVerbs.All,
        .. StatusVerbs.All,
        .. ProcessVerbs.All,
    ];

    private static readonly Dictionary<string, Verb> ByName = All.ToDictionary(static verb => verb.Name);

    public static Verb? Find(string name) => ByName.GetValueOrDefault(name);
}
