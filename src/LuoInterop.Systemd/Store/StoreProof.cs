namespace LuoInterop.Systemd;

/// <summary>Says whether it is known that systemd kept a descriptor.</summary>
public enum StoreProof
{
    /// <summary>systemd holds the descriptor: that was seen, not only that the message was read.</summary>
    Proven,

    /// <summary>systemd read the message. Whether it kept the descriptor cannot be seen: it is no memfd, and the store has no room for
    /// the proof.</summary>
    Unproven,
}
