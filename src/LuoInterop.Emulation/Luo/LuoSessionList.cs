namespace LuoInterop.Emulation.Luo;

/// <summary>Holds sessions in the order of their creation, found by name (<c>struct luo_session_header</c>).</summary>
/// <remarks>The kernel searches its list; here a dictionary does, so that a name costs the same with many sessions.</remarks>
internal sealed class LuoSessionList
{
    private readonly Dictionary<SessionKey, LuoSession> _byName = [];

    public int Count => _byName.Count;

    public LuoSession? First { get; private set; }

    public LuoSession? Last { get; private set; }

    /// <summary>Finds a session by name.</summary>
    public LuoSession? Find(in SessionKey name) => _byName.GetValueOrDefault(name);

    /// <summary>Appends a session; false when its name is taken.</summary>
    public bool TryAdd(LuoSession session)
    {
        if (!_byName.TryAdd(session.Name, session))
        {
            return false;
        }

        session.Previous = Last;
        if (Last is null)
        {
            First = session;
        }
        else
        {
            Last.Next = session;
        }

        Last = session;
        return true;
    }

    /// <summary>Takes a session out.</summary>
    public void Remove(LuoSession session)
    {
        _byName.Remove(session.Name);
        if (session.Previous is null)
        {
            First = session.Next;
        }
        else
        {
            session.Previous.Next = session.Next;
        }

        if (session.Next is null)
        {
            Last = session.Previous;
        }
        else
        {
            session.Next.Previous = session.Previous;
        }

        session.Previous = session.Next = null;
    }
}
