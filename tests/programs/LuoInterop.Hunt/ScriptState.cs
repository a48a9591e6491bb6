namespace LuoInterop.Hunt;

/// <summary>Is what a name of a script stands for, as far as the writer can tell.</summary>
public enum Kind
{
    Device,
    Outgoing,
    Incoming,

    /// <summary>A memfd, or another file of tmpfs.</summary>
    Memory,

    /// <summary>Something that live update takes no notice of.</summary>
    Other,
}

/// <summary>Is what the writer of a script believes to be there. It may be wrong: then the kernels say so, alike.</summary>
public sealed class ScriptState
{
    private readonly List<(string Name, Kind Kind)> _names = [];
    private int _count;

    /// <summary>Gets the sessions of the kernel before, with the tokens in them.</summary>
    public List<(string Session, List<string> Tokens)> Carried { get; private set; } = [];

    /// <summary>Gets the session that each descriptor stands for, and its tokens.</summary>
    public Dictionary<string, (string Session, List<string> Tokens)> Sessions { get; } = [];

    public int Kernel { get; private set; } = 1;

    public bool Has(Kind kind) => _names.Any(entry => entry.Kind == kind);

    public int Count(Kind kind) => _names.Count(entry => entry.Kind == kind);

    public IEnumerable<string> All(Kind kind) => _names.Where(entry => entry.Kind == kind).Select(static entry => entry.Name);

    /// <summary>Makes a new name.</summary>
    public string Add(Kind kind)
    {
        char letter = kind switch { Kind.Device => 'd', Kind.Outgoing => 's', Kind.Incoming => 'i', Kind.Memory => 'm', _ => 'o' };
        string name = $"{letter}{++_count}";
        _names.Add((name, kind));
        return name;
    }

    /// <summary>Chooses a name of a kind; seldom, and where there is none, any name at all.</summary>
    public string Pick(Choices choices, Kind kind, int astray)
    {
        string[] right = [.. All(kind)];
        return right.Length > 0 && !choices.Percent(astray) ? choices.Of<string>(right)
            : _names.Count > 0 && !choices.Percent(10) ? _names[choices.Below(_names.Count)].Name
            : "nobody";
    }

    public Kind? KindOf(string name)
    {
        int index = _names.FindIndex(entry => entry.Name == name);
        return index < 0 ? null : _names[index].Kind;
    }

    public void Remove(string name)
    {
        _names.RemoveAll(entry => entry.Name == name);
        Sessions.Remove(name);
    }

    public void Exit()
    {
        _names.Clear();
        Sessions.Clear();
    }

    public void Kexec()
    {
        Carried = [.. Sessions.Where(entry => KindOf(entry.Key) == Kind.Outgoing).Select(static entry => entry.Value)];
        Exit();
        Kernel++;
    }
}
