using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;
using LuoInterop.Interop;
using Tmds.Linux;

namespace LuoInterop.Emulation.Luo;

/// <summary>The open file of a session (luo_session_fops of kernel/liveupdate/luo_session.c).</summary>
internal sealed class SessionFile : OpenFile
{
    private const int LargestStructure = 8 + LiveUpdateHeader.LIVEUPDATE_SESSION_NAME_LENGTH;

    private readonly LuoCore _luo;
    private readonly LuoSession _session;

    public SessionFile(LuoCore luo, LuoSession session)
    {
        _luo = luo;
        _session = session;
        Flags = LibC.O_RDWR;
    }

    public override string LinkText => "anon_inode:[luo_session] " + KernelText.Decode(_session.Name.Bytes);

    // The attributes of an anonymous inode cannot be set (fs/anon_inodes.c).
    public override int ChangeMode(uint mode) => Refused.EOPNOTSUPP;

    public override FileStatus Status() => new(MagicHeader.ANON_INODE_FS_MAGIC, 0, 2, 1, 0x180, 0, 0, 0, 0);

    protected override int IoctlOperation(FileDescriptorTable descriptors, uint request, UserMemory argument)
    {
        uint number = request & 0xff;
        uint last =
            _luo.Profile.HasGetName ? LiveUpdateHeader.LIVEUPDATE_CMD_SESSION_GET_NAME : LiveUpdateHeader.LIVEUPDATE_CMD_SESSION_FINISH;
        if (number < LiveUpdateHeader.LIVEUPDATE_CMD_SESSION_BASE || number > last)
        {
            return Refused.EINVAL;
        }

        Span<byte> structure = stackalloc byte[LargestStructure];
        int error = UserCommand.ReadSize(request, argument, out uint size);
        if (error != 0)
        {
            return error;
        }

        (int structureSize, bool legal) = number switch
        {
            LiveUpdateHeader.LIVEUPDATE_CMD_SESSION_PRESERVE_FD => (16, !_session.IsRetrieved),
            LiveUpdateHeader.LIVEUPDATE_CMD_SESSION_RETRIEVE_FD => (16, _session.IsRetrieved),
            LiveUpdateHeader.LIVEUPDATE_CMD_SESSION_FINISH => (8, _session.IsRetrieved),
            _ => (LargestStructure, true),
        };
        if ((!legal && _luo.Profile.ChecksSessionType) || size < structureSize)
        {
            return Refused.EINVAL;
        }

        structure = structure[..structureSize];
        error = argument.CopyStructFrom(structure, size);
        if (error != 0)
        {
            return error;
        }

        var command = new UserCommand(argument, size, structure);
        return number switch
        {
            LiveUpdateHeader.LIVEUPDATE_CMD_SESSION_PRESERVE_FD => PreserveFd(descriptors, command),
            LiveUpdateHeader.LIVEUPDATE_CMD_SESSION_RETRIEVE_FD => RetrieveFd(descriptors, command),
            LiveUpdateHeader.LIVEUPDATE_CMD_SESSION_FINISH => Finish(command),
            _ => GetName(command),
        };
    }

    protected override void Release() => _luo.Release(_session);

    // luo_session_preserve_fd: what is preserved stays so when the answer cannot be written.
    private int PreserveFd(FileDescriptorTable descriptors, UserCommand command)
    {
        int error = _session.Files.Preserve(command.Token, command.SecondWord, descriptors);
        return error != 0 ? error : command.Respond();
    }

    // luo_session_retrieve_fd: the descriptor comes first, and only the file tells which kind it has to be.
    private int RetrieveFd(FileDescriptorTable descriptors, UserCommand command)
    {
        int reserved = descriptors.Reserve();
        if (reserved < 0)
        {
            return reserved;
        }

        int place = descriptors.ReserveHost();
        if (place < 0)
        {
            descriptors.Cancel(reserved);
            return place;
        }

        // A panic, too, gives the descriptors back.
        (bool keepsOwn, bool keepsHost) = (false, false);
        try
        {
            _luo.Caller = descriptors;
            int error = _session.Retrieve(command.Token, out LuoFile? file);
            if (error != 0)
            {
                return error;
            }

            int number = file!.Own is { } own ? Install(descriptors, reserved, own) : descriptors.InstallHost(place, file.File!.Fd);
            if (number < 0)
            {
                return number;
            }

            keepsOwn = file.Own is not null;
            command.SecondWord = number;
            error = command.Respond();
            if (error != 0 && keepsOwn)
            {
                _ = descriptors.Close(number);
            }

            keepsHost = error == 0 && !keepsOwn;
            return error;
        }
        finally
        {
            _luo.Caller = null;
            if (!keepsOwn)
            {
                descriptors.Cancel(reserved);
            }

            if (!keepsHost)
            {
                descriptors.CancelHost(place);
            }
        }
    }

    private static int Install(FileDescriptorTable descriptors, int reserved, OpenFile file)
    {
        file.Get();
        return descriptors.Install(reserved, file);
    }

    private int Finish(UserCommand command)
    {
        if (_luo.Profile.ChecksFinishReserved && command.SecondWord != 0)
        {
            return Refused.EINVAL;
        }

        int error = _session.Finish();
        return error != 0 ? error : command.Respond();
    }

    // luo_session_get_name: strscpy, so that bytes behind the NUL stay the caller's.
    private int GetName(UserCommand command)
    {
        if (command.SecondWord != 0)
        {
            return Refused.EINVAL;
        }

        ReadOnlySpan<byte> name = _session.Name.Bytes;
        name.CopyTo(command.Name);
        command.Name[name.Length] = 0;
        return command.Respond();
    }
}
