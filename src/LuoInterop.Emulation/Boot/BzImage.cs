using System.Runtime.InteropServices;
using LuoInterop.Emulation.Interop;
using LuoInterop.Interop;
using Tmds.Linux;

namespace LuoInterop.Emulation.Boot;

/// <summary>Looks at the files that kexec_file_load(2) is given.</summary>
internal static class BzImage
{
    /// <summary>Reads the file of a kernel image through its descriptor (kernel_read_file_from_fd in fs/kernel_read_file.c).</summary>
    /// <param name="file">A host file.</param>
    /// <param name="image">The image.</param>
    /// <param name="release">The kernel's release.</param>
    /// <returns>0; EBADF, EINVAL, ETXTBSY; ENOEXEC for what is no kernel of Linux 6.18 to 7.3.</returns>
    public static int Probe(SafeHandle file, out KernelImageHead? image, out string release)
    {
        image = null;
        release = "";
        int error = CheckReadable(file);
        error = error == 0 ? KernelImageHead.TryRead(Kernel.Linux, file, out image) : error;
        if (error != 0)
        {
            return error;
        }

        if (!image!.IsLoadable)
        {
            return Refused.ENOEXEC;
        }

        release = image.ReadRelease();
        return KernelProfile.TryFind(release, out _) ? 0 : Refused.ENOEXEC;
    }

    /// <summary>Finds out what an image was built with, from its file and those beside it.</summary>
    public static KernelFeatures FindFeatures(KernelImageHead image, SafeHandle file) =>
        Kernel.Linux.ReadLink(file, out string path) == 0 ? KernelFeatures.Of(Kernel.Linux, image, path, file) : KernelFeatures.Unknown;

    /// <summary>Tells whether a file can be read as kernel or initrd: 0, EBADF, EINVAL or ETXTBSY.</summary>
    public static int CheckReadable(SafeHandle file)
    {
        int flags = Kernel.Linux.Fcntl(file, FcntlHeader.F_GETFL);
        if (flags < 0 || (flags & LibC.O_PATH) != 0 || (flags & LibC.O_ACCMODE) == LibC.O_WRONLY)
        {
            return Refused.EBADF;
        }

        int error = Kernel.Linux.FStat(file, out FileStatus status);
        if (error != 0)
        {
            return error;
        }

        if ((status.Mode & (ushort)LibC.S_IFMT) != (ushort)LibC.S_IFREG)
        {
            return Refused.EINVAL;
        }

        // deny_write_access: nobody may have the file open for writing.
        return (flags & LibC.O_ACCMODE) != LibC.O_RDONLY || IsOpenForWriting(file) ? Refused.ETXTBSY
            : status.Size <= 0 ? Refused.EINVAL
            : 0;
    }

    private static bool IsOpenForWriting(SafeHandle file)
    {
        bool held = false;
        try
        {
            file.DangerousAddRef(ref held);
            return HostLease.HasWriters((int)file.DangerousGetHandle());
        }
        finally
        {
            if (held)
            {
                file.DangerousRelease();
            }
        }
    }
}
