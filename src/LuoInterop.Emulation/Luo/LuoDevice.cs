using LuoInterop.Emulation.Files;
using LuoInterop.Emulation.Interop;
using LuoInterop.Interop;
using Tmds.Linux;

namespace LuoInterop.Emulation.Luo;

/// <summary>The device node that LUO is driven through (luo_fops of kernel/liveupdate/luo_core.c).</summary>
internal sealed class LuoDevice(LuoCore luo, string path) : DeviceNode
{
    private const int StructureSize = 8 + LiveUpdateHeader.LIVEUPDATE_SESSION_NAME_LENGTH;
    private static int CreationFlags => LibC.O_CREAT | LibC.O_EXCL | LibC.O_TRUNC | LibC.O_CLOEXEC;
    private const uint CharacterDevice = 0x2000;

    private bool _inUse;
    private uint _mode = 0x180;

    /// <summary>Opens the device (luo_open): 0, EBUSY while another description is open, or EIO.</summary>
    public override int Open(int flags, out OpenFile? file)
    {
        file = null;
        if (_inUse)
        {
            return Refused.EBUSY;
        }

        // alloc_empty_file.
        if (!luo.Frames.TryAllocateSmall())
        {
            return Refused.ENOMEM;
        }

        if (luo.Deserialize() != 0)
        {
            return Refused.EIO;
        }

        _inUse = true;
        file = new Description(this) { Flags = (flags & ~CreationFlags) | FcntlHeader.O_LARGEFILE };
        return 0;
    }

    /// <summary>Gives the node's status, on devtmpfs.</summary>
    public override FileStatus Status() => new(MagicHeader.TMPFS_MAGIC, 0, 1, 1, CharacterDevice | _mode, 0, 0, 0, 0);

    private int Ioctl(FileDescriptorTable descriptors, uint request, UserMemory argument)
    {
        uint number = request & 0xff;
        if (number > LiveUpdateHeader.LIVEUPDATE_CMD_RETRIEVE_SESSION)
        {
            return Refused.EINVAL;
        }

        Span<byte> structure = stackalloc byte[StructureSize];
        int error = UserCommand.ReadSize(request, argument, out uint size);
        if (error != 0)
        {
            return error;
        }

        if (size < StructureSize)
        {
            return Refused.EINVAL;
        }

        error = argument.CopyStructFrom(structure, size);
        if (error != 0)
        {
            return error;
        }

        return OpenSession(
            descriptors, new UserCommand(argument, size, structure), number == LiveUpdateHeader.LIVEUPDATE_CMD_CREATE_SESSION);
    }

    // luo_ioctl_create_session and luo_ioctl_retrieve_session.
    private int OpenSession(FileDescriptorTable descriptors, UserCommand command, bool create)
    {
        int fd = descriptors.Reserve();
        if (fd < 0)
        {
            return fd;
        }

        // A failure of the emulation's own memory gives the number back, too.
        bool installed = false;
        try
        {
            int error = create ? luo.Create(command.Name, out LuoSession? session) : luo.Retrieve(command.Name, out session);
            if (error != 0)
            {
                return error;
            }

            var file = new SessionFile(luo, session!);
            int number = descriptors.Install(fd, file);
            if (number < 0)
            {
                return number;
            }

            installed = true;
            command.SecondWord = number;
            error = command.Respond();
            if (error != 0)
            {
                // The last reference goes, and with it the session: a retrieved one is finished.
                _ = descriptors.Close(number);
            }

            return error;
        }
        finally
        {
            if (!installed)
            {
                descriptors.Cancel(fd);
            }
        }
    }

    private sealed class Description(LuoDevice device) : OpenFile
    {
        public override string LinkText => device.Path;

        public override nint Read(Span<byte> buffer) =>
            (Flags & LibC.O_ACCMODE) == LibC.O_WRONLY ? Refused.EBADF : Refused.EINVAL;

        public override nint PRead(Span<byte> buffer, long offset) => Read(buffer);

        public override nint Write(ReadOnlySpan<byte> buffer) =>
            (Flags & LibC.O_ACCMODE) == LibC.O_RDONLY ? Refused.EBADF : Refused.EINVAL;

        public override nint PWrite(ReadOnlySpan<byte> buffer, long offset) => Write(buffer);

        public override int ChangeMode(uint mode)
        {
            device._mode = mode & 0xfff;
            return 0;
        }

        public override FileStatus Status() => device.Status();

        protected override int IoctlOperation(FileDescriptorTable descriptors, uint request, UserMemory argument) =>
            device.Ioctl(descriptors, request, argument);

        // luo_release: sessions live on in their own descriptors.
        protected override void Release() => device._inUse = false;
    }

    private string Path { get; } = path;
}
