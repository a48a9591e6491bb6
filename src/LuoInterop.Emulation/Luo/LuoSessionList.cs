namespace LuoInterop.Emulation.Luo;

/// <summary>Holds sessions in the order of their creation, found by name (<c>struct luo_session_header</c>).</summary>
/// <remarks>
/// The kernel searches its list; here a hash set does, so that a name costs the same with many sessions. It refers to the
/// sessions and holds no names, so that what a look-up touches stays in the processor's caches longest.
/// </remarks>
internal sealed class LuoSessionList
{
    private readonly HashSet<LuoSession> _byName = new(new NameComparer());

    public int Count => _byName.Count;

    public LuoSession? First { get; private set; }

    public LuoSession? Last { get; private set; }

    /// <summary>Finds a session by name.</summary>
    public LuoSession? Find(SessionKey name) =>
        _byName.GetAlternateLookup<SessionKey>().TryGetValue(name, out LuoSession? session) ? session : null;

    /// <summary>Appends a session; false when its name is taken.</summary>
    public bool TryAdd(LuoSession session)
    {
        if (!_byName.Add(session))
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
        _byName.Remove(session);
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

    private sealed class NameComparer : IEqualityComparer<LuoSession>, IAlternateEqualityComparer<SessionKey, LuoSession>
    {
        public bool Equals(LuoSession? x, LuoSession? y) => x!.Name.Equals(y!.Name);

        public bool Equals(SessionKey alternate, LuoSession other) => other.Name.Equals(alternate);

        public int GetHashCode(LuoSession session) => session.Name.GetHashCode();

        public int GetHashCode(SessionKey alternate) => alternate.GetHashCode();

        public LuoSession Create(SessionKey alternate) => throw new NotSupportedException("A session is made by its kernel.");
    }
}
