using LuoInterop.Emulation.Interop;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace LuoInterop.Emulation.Luo;

/// <summary>Calls the callbacks of a handler that a module has registered.</summary>
internal sealed class RegisteredHandler(LiveUpdateFileHandler definition) : FileHandler
{
    // Inode keys of the host have a device of 32 + 32 bits that no file system uses.
    private const ulong GivenId = ulong.MaxValue - 1;

    public LiveUpdateFileHandler Definition { get; } = definition;

    public override string Compatible => Definition.Writes[0];

    public override IReadOnlyList<string> Reads => Definition.Reads;

    private LiveUpdateFileOperations Operations => Definition.Operations;

    /// <summary>Tells whether all required callbacks are there (liveupdate_register_file_handler).</summary>
    public static bool HasRequired(LiveUpdateFileOperations operations) =>
        operations.Preserve is not null && operations.Unpreserve is not null && operations.Retrieve is not null
        && operations.Finish is not null && operations.CanPreserve is not null;

    public override bool CanPreserve(int fd, in statx status)
    {
        using SafeFileHandle file = Lend(fd);
        return Operations.CanPreserve!(Definition, file);
    }

    // luo_get_id: without get_id it is the address of the struct file.
    public override int Identify(int fd, in statx status, PreservedFiles preserved, out InodeKey id)
    {
        if (Operations.GetId is not { } getId)
        {
            return preserved.Identify(fd, out id);
        }

        using SafeFileHandle lent = Lend(fd);
        id = new InodeKey(GivenId, getId(lent), 0, 0);
        return 0;
    }

    public override int Preserve(LuoFile file, in statx status)
    {
        using SafeFileHandle lent = Lend(file.File!.Fd);
        LiveUpdateFileArguments arguments = Arguments(file, lent);
        int error = Operations.Preserve!(arguments);
        if (error != 0)
        {
            return error;
        }

        if (!Definition.Writes.Contains(arguments.Compatible))
        {
            throw new InvalidOperationException(
                $"The handler wrote \"{arguments.Compatible}\", but says that it writes {string.Join(", ", Definition.Writes)}.");
        }

        file.Compatible = arguments.Compatible;
        file.SerializedData = arguments.SerializedData;
        file.PrivateData = arguments.PrivateData;
        return 0;
    }

    public override void Unpreserve(LuoFile file)
    {
        using SafeFileHandle lent = Lend(file.File!.Fd);
        Operations.Unpreserve!(Arguments(file, lent));
    }

    public override int Freeze(LuoFile file)
    {
        if (Operations.Freeze is not { } freeze)
        {
            return 0;
        }

        using SafeFileHandle lent = Lend(file.File!.Fd);
        LiveUpdateFileArguments arguments = Arguments(file, lent);
        int error = freeze(arguments);
        if (error == 0)
        {
            file.SerializedData = arguments.SerializedData;
        }

        return error;
    }

    public override void Unfreeze(LuoFile file)
    {
        if (Operations.Unfreeze is { } unfreeze)
        {
            using SafeFileHandle lent = Lend(file.File!.Fd);
            unfreeze(Arguments(file, lent));
        }
    }

    public override int Retrieve(LuoFile file)
    {
        LiveUpdateFileArguments arguments = Arguments(file, null);
        int error = Operations.Retrieve!(arguments);
        if (error != 0)
        {
            return error;
        }

        using SafeFileHandle made = arguments.File
            ?? throw new InvalidOperationException($"The handler of \"{file.Compatible}\" retrieved a file without setting it.");
        int copy = HostFile.Duplicate((int)made.DangerousGetHandle());
        if (copy < 0)
        {
            return copy;
        }

        file.File = HostFile.Own(copy);
        error = Identify(copy, default, file.Files.Luo.PreservedFiles, out InodeKey id);
        file.Id = id;
        return error;
    }

    public override bool CanFinish(LuoFile file)
    {
        using SafeFileHandle? lent = file.File is { } own ? Lend(own.Fd) : null;
        return Operations.CanFinish?.Invoke(Arguments(file, lent)) ?? true;
    }

    public override void Finish(LuoFile file)
    {
        using SafeFileHandle? lent = file.File is { } own ? Lend(own.Fd) : null;
        Operations.Finish!(Arguments(file, lent));
    }

    // The handle never closes: the descriptor stays LUO's, or the caller's.
    private static SafeFileHandle Lend(int fd) => new(fd, ownsHandle: false);

    private LiveUpdateFileArguments Arguments(LuoFile file, SafeFileHandle? lent) => new(Definition)
    {
        File = lent,
        RetrieveStatus = file.RetrieveStatus,
        SerializedData = file.SerializedData,
        PrivateData = file.PrivateData,
        Compatible = file.Compatible,
    };
}
