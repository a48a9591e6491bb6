namespace LuoInterop;

/// <summary>Says where a session goes or comes from.</summary>
public enum SessionDirection
{
    /// <summary>Neither yet: an object that was made for a session to be created or retrieved.</summary>
    None = 0,
    /// <summary>Created in this kernel: its files go to the next one.</summary>
    Outgoing,
    /// <summary>Handed over by the previous kernel: its files can be retrieved.</summary>
    Incoming,
}
