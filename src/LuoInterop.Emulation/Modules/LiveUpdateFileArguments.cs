using Microsoft.Win32.SafeHandles;

namespace LuoInterop.Emulation;

/// <summary>Carries what a callback of a file handler gets and sets (<c>struct liveupdate_file_op_args</c>,
/// include/linux/liveupdate.h).</summary>
/// <remarks>Valid during the call only.</remarks>
public sealed class LiveUpdateFileArguments
{
    internal LiveUpdateFileArguments(LiveUpdateFileHandler handler) => Handler = handler;

    /// <summary>Gets the handler.</summary>
    public LiveUpdateFileHandler Handler { get; }

    /// <summary>Gets how RETRIEVE_FD went, for can_finish and finish: 0 for not asked for, 1 for retrieved,
    /// <c>-errno</c> for failed.</summary>
    public int RetrieveStatus { get; internal init; }

    /// <summary>Gets or sets the file, a descriptor of the host.</summary>
    /// <remarks>
    /// Retrieve sets it to the new file, and gives it away. All others get LUO's own descriptor of the preserved file, which
    /// stays LUO's and open until the file is unpreserved or finished; null in can_finish and finish when the file was not retrieved.
    /// </remarks>
    public SafeFileHandle? File { get; set; }

    /// <summary>Gets or sets the handle to the saved state, a word that the next kernel gets: most often an address of
    /// <see cref="KhoMemory"/>. Preserve sets it, freeze may.</summary>
    public ulong SerializedData { get; set; }

    /// <summary>Gets or sets what the handler remembers of the file in this kernel only. Preserve may set it.</summary>
    public object? PrivateData { get; set; }

    /// <summary>Gets or sets which form the saved state has:
    /// preserve may choose another of <see cref="LiveUpdateFileHandler.Writes"/>, retrieve reads it.</summary>
    /// <remarks>The version that is written is first class here, as Pratyush Yadav and Jason Gunthorpe wanted it (Message-Id
    /// mafs0h5xmw12a.fsf@kernel.org). Linux 7.3 has one form for each handler.</remarks>
    public string Compatible { get; set; } = "";
}
