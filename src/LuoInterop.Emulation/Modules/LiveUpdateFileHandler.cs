using LuoInterop.Kho.Abi;

namespace LuoInterop.Emulation;

/// <summary>Describes how one kind of file lives through a kexec (<c>struct liveupdate_file_handler</c>,
/// include/linux/liveupdate.h, since Linux 6.19).</summary>
/// <remarks>
/// <para>Register it from a module: <see cref="EmulatedModule"/>. Handlers are asked in the order of their registration, those
/// that are built in first.</para>
/// <para>Linux 7.3 knows one form for each handler, named by its compatible string: a kernel that has it restores the file,
/// one that has not fails the first open of the device (EIO). Here a handler names the forms that it writes and those that it
/// reads, so that an update to the next version of a format, and the way back, can be tried.</para>
/// <para>Immutable.</para>
/// </remarks>
public sealed class LiveUpdateFileHandler
{
    /// <summary>Describes a handler of one form, as Linux has them.</summary>
    /// <param name="compatible">Its name and version, by which the next kernel finds it: 1 to 47 printable ASCII characters
    /// (LIVEUPDATE_HNDL_COMPAT_LENGTH).</param>
    /// <param name="operations">Its callbacks.</param>
    /// <exception cref="ArgumentException">The name does not fit.</exception>
    public LiveUpdateFileHandler(string compatible, LiveUpdateFileOperations operations)
        : this([compatible], [compatible], operations)
    {
    }

    /// <summary>Describes a handler of several forms.</summary>
    /// <param name="writes">The forms that it may write, at least one;
    /// the first unless <see cref="LiveUpdateFileArguments.Compatible"/> is set to another.</param>
    /// <param name="reads">The forms that it retrieves files from; may be empty, and need not hold those that it writes.</param>
    /// <param name="operations">Its callbacks.</param>
    /// <exception cref="ArgumentException">A name does not fit, stands twice, or there is none to write.</exception>
    public LiveUpdateFileHandler(IEnumerable<string> writes, IEnumerable<string> reads, LiveUpdateFileOperations operations)
    {
        ArgumentNullException.ThrowIfNull(operations);
        Writes = Checked(writes, nameof(writes));
        Reads = Checked(reads, nameof(reads));
        Operations = operations;
        if (Writes.Count == 0)
        {
            throw new ArgumentException("A handler writes at least one form.", nameof(writes));
        }
    }

    /// <summary>Gets the forms that the handler may write, the usual one first.</summary>
    public IReadOnlyList<string> Writes { get; }

    /// <summary>Gets the forms that the handler retrieves files from.</summary>
    public IReadOnlyList<string> Reads { get; }

    /// <summary>Gets the callbacks.</summary>
    public LiveUpdateFileOperations Operations { get; }

    internal static void CheckCompatible(string compatible, int size)
    {
        ArgumentException.ThrowIfNullOrEmpty(compatible);
        if (compatible.Length >= size || compatible.AsSpan().ContainsAnyExceptInRange(' ', '~'))
        {
            throw new ArgumentException($"\"{compatible}\" is not a name of 1 to {size - 1} printable ASCII characters.",
                nameof(compatible));
        }
    }

    private static string[] Checked(IEnumerable<string> names, string parameter)
    {
        ArgumentNullException.ThrowIfNull(names, parameter);
        string[] all = [.. names];
        foreach (string name in all)
        {
            CheckCompatible(name, LuoFileSer.LIVEUPDATE_HNDL_COMPAT_LENGTH);
        }

        return all.Distinct().Count() == all.Length ? all : throw new ArgumentException("A form stands twice.", parameter);
    }
}
