using Tmds.Linux;

namespace LuoInterop.Contract;

/// <summary>Writes files that a kernel is to load.</summary>
public static class ImageFile
{
    /// <summary>Writes bytes, as <see cref="Write(string, Action{Stream})"/>.</summary>
    public static void Write(string path, byte[] bytes) => Write(path, file => file.Write(bytes));

    /// <summary>Writes a file, and returns when nobody has it open for writing.</summary>
    public static void Write(string path, Action<Stream> write)
    {
        using (FileStream file = File.Create(path))
        {
            write(file);
        }

        WaitForItsWriters(path);
    }

    /// <summary>Returns when nobody has a file open for writing.</summary>
    /// <remarks>A process that is being started has, until it execs, every file that this one had open then: while another test starts
    /// one, the file still has a writer when it is closed here, and kexec_file_load(2) answers ETXTBSY. A lease for reading is refused
    /// as long (fcntl(2), EAGAIN).</remarks>
    public static void WaitForItsWriters(string path)
    {
        using var written = File.OpenHandle(path);
        int result;
        while ((result = Kernel.Linux.Fcntl(written, LibC.F_SETLEASE, LibC.F_RDLCK)) == -(int)Errno.EAGAIN)
        {
            Thread.Sleep(1);
        }

        Refused.Not(result);
    }
}
