namespace LuoInterop.Tests.Shared;

/// <summary>Lets tests build this repository's projects one after the other: two builds at once would write the same files.</summary>
internal static class BuildTurn
{
    // EWOULDBLOCK of flock(2), include/uapi/asm-generic/errno-base.h: somebody has the turn.
    private const int Taken = 11;

    /// <summary>Waits for the turn, which ends with the file.</summary>
    public static FileStream Take()
    {
        string path = Path.Combine(Directory.CreateDirectory(Path.Combine(Repository.Root, "artifacts")).FullName, "build.lock");
        while (true)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException error) when (error.HResult == Taken)
            {
                Thread.Sleep(TimeSpan.FromSeconds(0.2));
            }
        }
    }
}
