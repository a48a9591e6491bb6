using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;

namespace LuoInterop.Emulation.Luo;

/// <summary>A preserved or retrieved file of a session (<c>struct luo_file</c>, kernel/liveupdate/luo_file.c).</summary>
internal sealed class LuoFile(FileHandler handler, ulong token, LuoFileSet files)
{
    public FileHandler Handler { get; } = handler;

    public ulong Token { get; } = token;

    /// <summary>Gets the files of the same session.</summary>
    public LuoFileSet Files { get; } = files;

    /// <summary>Gets or sets the form of the saved state: which one a handler of several wrote, or is to read.</summary>
    public string Compatible { get; set; } = handler.Compatible;

    /// <summary>Gets or sets LUO's reference to a file of the host; null for an incoming file that is not retrieved.</summary>
    public HostFile? File { get; set; }

    /// <summary>Gets or sets LUO's reference to a file of the emulation's own, in place of <see cref="File"/>.</summary>
    public OpenFile? Own { get; set; }

    /// <summary>Gets or sets what no two preserved files may share (get_id).</summary>
    public InodeKey Id { get; set; }

    /// <summary>Gets or sets the handler's handle to the saved state, a physical address.</summary>
    public ulong SerializedData { get; set; }

    /// <summary>Gets or sets what the handler remembers in this kernel only.</summary>
    public object? PrivateData { get; set; }

    /// <summary>Gets or sets 0 before the first RETRIEVE_FD, 1 after a good one, its <c>-errno</c> after a failed one.</summary>
    public int RetrieveStatus { get; set; }

    /// <summary>Drops LUO's reference (fput).</summary>
    public void Put()
    {
        File?.Dispose();
        Own?.Put();
    }
}
