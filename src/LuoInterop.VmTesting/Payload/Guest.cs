using System.Globalization;
using System.Net.Sockets;
using System.Text;
using LuoInterop.VmTesting.Payload;
using LuoInterop.VmTesting.Protocol;

namespace LuoInterop.VmTesting;

/// <summary>Is what a payload has of the harness inside a VM: the stage, the way to the host, the next kernel.</summary>
/// <remarks>
/// One process at a time can have it open. Every call that sends returns once the host holds what was sent, so that neither a
/// crash nor a kexec right afterwards loses it. Thread-safe.
/// </remarks>
public sealed class Guest : IDisposable
{
    /// <summary>The initial root, as the payload sees it.</summary>
    public const string InitrdPath = "/run/luo/initrd";

    /// <summary>The folder with <see cref="VmOptions.Files"/>.</summary>
    public const string FilesFolder = "/run/luo/files";

    private const string KernelImagePath = "/run/luo/bzImage";
    private const string PortPath = "/dev/virtio-ports/" + FrameFormat.ReportPort;
    private const string StageWord = "luo.stage=";
    private const int FileBlock = 24 * 1024;

    private readonly GuestPort _port;

    private Guest(GuestPort port, string commandLine)
    {
        _port = port;
        CommandLine = commandLine;
        Stage = StageOf(commandLine);
    }

    /// <summary>Says whether this process runs inside a VM of this harness.</summary>
    public static bool IsInside => File.Exists(PortPath);

    /// <summary>Gives the number of this kernel: 1 for the cold boot.</summary>
    public int Stage { get; }

    /// <summary>Gives this kernel's command line.</summary>
    public string CommandLine { get; }

    /// <summary>Gives this kernel's command line with the stage one higher: what to kexec with.</summary>
    public string NextCommandLine => WithStage(CommandLine, Stage + 1);

    /// <summary>Gives the image of the next kernel: that of the next stage in <see cref="VmOptions.NextKernels"/>,
    /// else the first kernel's.</summary>
    public string NextKernelImagePath
    {
        get
        {
            string next = string.Create(CultureInfo.InvariantCulture, $"{KernelImagePath}.{Stage + 1}");
            return File.Exists(next) ? next : KernelImagePath;
        }
    }

    /// <summary>Opens the way to the host; waits up to ten seconds for another process that has it.</summary>
    /// <exception cref="InvalidOperationException">This process is not inside a VM of this harness.</exception>
    /// <exception cref="IOException">The port cannot be opened.</exception>
    public static Guest Open()
    {
        if (!IsInside)
        {
            throw new InvalidOperationException($"{PortPath} does not exist: this process does not run in a VM of the harness.");
        }

        string line = File.ReadAllText("/proc/cmdline").Trim();
        return new Guest(GuestPort.Open(PortPath, (ushort)StageOf(line)), line);
    }

    /// <summary>Tells how a test ended; a failed one fails the run. A message longer than 16 KiB is cut, visibly.</summary>
    public void Report(string test, GuestOutcome outcome, string? message = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(test);
        if (!Enum.IsDefined(outcome))
        {
            throw new ArgumentOutOfRangeException(nameof(outcome), outcome, "This is no outcome.");
        }

        _port.Send(FrameType.Report, true, frame => frame.Byte((byte)outcome).Text(test).Text(GuestText.Cut(message ?? "")));
    }

    /// <summary>Sends a named value; name and value together take at most 32,000 bytes of UTF-8, larger ones are files.</summary>
    public void Value(string name, string value)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(value);
        _port.Send(FrameType.Value, true, frame => frame.Text(name).Text(value));
    }

    /// <summary>Marks a moment; the host adds its time.</summary>
    public void Event(string text)
    {
        ArgumentException.ThrowIfNullOrEmpty(text);
        _port.Send(FrameType.Event, true, frame => frame.Text(GuestText.Cut(text)));
    }

    /// <summary>Sends a file; a name may be sent more than once. Reads the stream, which stays the caller's, to its end.</summary>
    public void SendFile(string name, Stream content)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(content);
        lock (_port.Sequencing)
        {
            _port.Send(FrameType.FileBegin, false, frame => frame.Text(name));
            byte[] block = new byte[FileBlock];
            ulong total = 0;
            for (int n; (n = content.Read(block)) > 0; total += (ulong)n)
            {
                _port.Send(FrameType.FileData, false, frame => frame.Bytes(block.AsSpan(0, n)));
            }

            _port.Send(FrameType.FileEnd, true, frame => frame.UInt64(total));
        }
    }

    /// <summary>Returns once the host holds everything that this process and its children have written to their output.</summary>
    /// <remarks>Call it before a kexec that does not go through <see cref="Kexec"/>.</remarks>
    public static void Flush()
    {
        Console.Out.Flush();
        Console.Error.Flush();
        using Socket socket = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Connect(new UnixDomainSocketEndPoint("\0" + FrameFormat.InitPort));
        Span<byte> one = [(byte)'f'];
        if (socket.Send(one) != 1 || socket.Receive(one) != 1 || one[0] != 'f')
        {
            throw new IOException("Init did not confirm that the host holds the output.");
        }
    }

    /// <summary>Loads the next kernel with this same initial root, by kexec_file_load(2).</summary>
    /// <param name="extraWords">Words for the end of its command line, which is otherwise <see cref="NextCommandLine"/>.</param>
    /// <exception cref="IOException">The kernel refused; the message has the errno.</exception>
    public void KexecFileLoad(params IEnumerable<string> extraWords)
    {
        ArgumentNullException.ThrowIfNull(extraWords);
        KexecCall.FileLoad(NextKernelImagePath, InitrdPath, string.Join(' ', extraWords.Prepend(NextCommandLine)));
    }

    /// <summary>Starts the loaded kernel, after all output is with the host; returns only by an exception.</summary>
    /// <exception cref="IOException">The kernel refused; the message has the errno.</exception>
    public static void Kexec()
    {
        Flush();
        KexecCall.Reboot();
    }

    /// <summary>Gives a command line whose only stage is the given one.</summary>
    internal static string WithStage(string commandLine, int stage) => string.Join(' ',
        commandLine.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Where(word => !word.StartsWith(StageWord, StringComparison.Ordinal))
            .Append(string.Create(CultureInfo.InvariantCulture, $"{StageWord}{stage}")));

    /// <summary>Reads the stage from a command line, whose last word wins; 1 when it has none.</summary>
    internal static int StageOf(string commandLine)
    {
        string? word = commandLine.Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .LastOrDefault(w => w.StartsWith(StageWord, StringComparison.Ordinal));
        if (word is null)
        {
            return 1;
        }

        return ushort.TryParse(word.AsSpan(StageWord.Length), NumberStyles.None, CultureInfo.InvariantCulture, out ushort stage)
            && stage > 0
            ? stage
            : throw new InvalidDataException($"'{word}' on the kernel's command line is no stage.");
    }

    /// <summary>Gives the way to the host back, so that another process can open it.</summary>
    public void Dispose() => _port.Dispose();
}
