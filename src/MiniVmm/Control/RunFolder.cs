using System.Net.Sockets;
using System.Text;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace MiniVmm.Control;

/// <summary>Is the folder in which every running VM has a socket, NAME.sock.</summary>
/// <remarks>Only its owner may enter it: who reaches a socket may do all with the VM. Several processes may use it at once.</remarks>
internal sealed class RunFolder
{
    /// <summary>The variable that names the folder.</summary>
    public const string Variable = "MINIVMM_RUN";

    private const string Suffix = ".sock";
    private const string LockName = ".lock";
    private const string Unfinished = ".new";

    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
    private static readonly TimeSpan s_betweenTries = TimeSpan.FromMilliseconds(20);

    /// <summary>Names a folder; nothing is made yet.</summary>
    public RunFolder(string path) => FolderPath = Path.GetFullPath(path);

    /// <summary>Gets the folder's path.</summary>
    public string FolderPath { get; }

    /// <summary>Chooses the folder: the given one, else <c>$MINIVMM_RUN</c>, else <c>/run/minivmm</c>, or for a user who is not root
    /// <c>$XDG_RUNTIME_DIR/minivmm</c>.</summary>
    public static RunFolder Choose(string? given)
    {
        string? chosen = NotEmpty(given) ?? NotEmpty(Environment.GetEnvironmentVariable(Variable));
        string? ofUser = Environment.IsPrivilegedProcess ? null : NotEmpty(Environment.GetEnvironmentVariable("XDG_RUNTIME_DIR"));
        if (chosen is null && ofUser is not null)
        {
            chosen = Path.Combine(ofUser, "minivmm");
        }

        return new RunFolder(chosen ?? "/run/minivmm");
    }

    /// <summary>Gets the path of a VM's socket.</summary>
    public string SocketOf(string name) => Path.Combine(FolderPath, name + Suffix);

    /// <summary>Lists the names that have a socket, sorted; some may be of VMs that are gone.</summary>
    public IReadOnlyList<string> Names()
    {
        try
        {
            return [.. Directory.EnumerateFiles(FolderPath, "*" + Suffix)
                .Select(static path => Path.GetFileName(path)[..^Suffix.Length])
                .Where(static name => VmName.Fault(name) is null)
                .Order(VmNameOrder.Instance)];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
        catch (UnauthorizedAccessException)
        {
            throw new ControlException($"this user may not look into {FolderPath}; it belongs to another one.");
        }
    }

    /// <summary>Makes a VM's socket, which is listened to.</summary>
    /// <returns>The socket, which belongs to the caller.</returns>
    /// <exception cref="ControlException">A VM of this name runs, or the folder cannot be used.</exception>
    public SafeSocketHandle Listen(string name)
    {
        // The socket gets its name when it is listened to already.
        string path = SocketOf(name);
        string temporary = Path.Combine(FolderPath, Unfinished);
        if (Encoding.UTF8.GetByteCount(path) > ListeningSocket.MaxPath || Encoding.UTF8.GetByteCount(temporary) > ListeningSocket.MaxPath)
        {
            throw new ControlException($"the path {path} is too long for a socket; choose a shorter --run-folder.");
        }

        Create();
        using SafeFileHandle exclusive = Lock();
        RemoveUnfinished();
        if (File.Exists(path))
        {
            if (TryConnect(name) is { } other)
            {
                other.Dispose();
                throw new ControlException($"a VM named {name} runs already. Choose another --name, or look at it: minivmm status "
                    + $"--name {name}");
            }

            File.Delete(path);
        }

        SafeSocketHandle? socket = null;
        try
        {
            socket = ListeningSocket.Make(temporary);
            File.Move(temporary, path);
            return socket;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            socket?.Dispose();
            File.Delete(temporary);
            throw new ControlException($"the socket {path} cannot be made: {error.Message}", error);
        }
    }

    /// <summary>Connects to a VM.</summary>
    /// <returns>The connection; null where no VM has this name. What is left of one that is gone is not removed.</returns>
    /// <exception cref="ControlException">The socket is there, and cannot be used.</exception>
    public Socket? TryConnect(string name)
    {
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Connect(new UnixDomainSocketEndPoint(SocketOf(name)));
            return socket;
        }
        catch (SocketException error) when (error.SocketErrorCode is SocketError.ConnectionRefused or SocketError.AddressNotAvailable
            || !File.Exists(SocketOf(name)))
        {
            socket.Dispose();
            return null;
        }
        catch (SocketException error)
        {
            socket.Dispose();
            throw new ControlException($"{SocketOf(name)} cannot be connected to: {error.Message}", error);
        }
    }

    /// <summary>Removes sockets behind which no process is any more.</summary>
    public void RemoveStale()
    {
        if (!Directory.Exists(FolderPath))
        {
            return;
        }

        using SafeFileHandle exclusive = Lock();
        RemoveUnfinished();
        foreach (string name in Names())
        {
            using Socket? socket = TryConnect(name);
            if (socket is null)
            {
                File.Delete(SocketOf(name));
            }
        }
    }

    /// <summary>Removes a VM's socket, whose listener is closed.</summary>
    public void Remove(string name)
    {
        using SafeFileHandle exclusive = Lock();
        File.Delete(SocketOf(name));
    }

    // A socket has this name only while its process holds the lock: one that is found belongs to a process that was killed.
    private void RemoveUnfinished() => File.Delete(Path.Combine(FolderPath, Unfinished));

    private static string? NotEmpty(string? text) => string.IsNullOrEmpty(text) ? null : text;

    private void Create()
    {
        try
        {
            Directory.CreateDirectory(FolderPath, OwnerOnly);
            UnixFileMode mode = File.GetUnixFileMode(FolderPath);
            if ((mode & ~OwnerOnly) != 0)
            {
                throw new ControlException($"others may enter {FolderPath}, and whoever can reaches every VM: chmod 700 {FolderPath}");
            }
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new ControlException($"the folder {FolderPath} cannot be made: {error.Message} Name another one: --run-folder, or "
                + $"${Variable}", error);
        }
    }

    // flock(2) on a file of its own, for the moments in which a socket comes or goes.
    private SafeFileHandle Lock()
    {
        while (true)
        {
            try
            {
                return File.OpenHandle(
                    Path.Combine(FolderPath, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException error) when (error.HResult == LibC.EAGAIN)
            {
                // Another process has it.
                Thread.Sleep(s_betweenTries);
            }
            catch (Exception error) when (error is IOException or UnauthorizedAccessException)
            {
                throw new ControlException($"{FolderPath} cannot be used: {error.Message}", error);
            }
        }
    }
}
