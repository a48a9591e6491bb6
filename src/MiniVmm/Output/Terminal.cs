using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace MiniVmm.Output;

/// <summary>Makes the terminal raw, so that every key reaches the guest, and gives its settings back.</summary>
/// <remarks>The settings are given back when the object is disposed and when the process ends in whatever way but by SIGKILL.</remarks>
internal sealed unsafe class Terminal : IDisposable
{
    private const int Input = 0;
    private const int Output = 1;

    private readonly object _lock = new();
    private readonly termios _saved;
    private bool _isRaw;

    private Terminal(termios saved)
    {
        _saved = saved;
        AppDomain.CurrentDomain.ProcessExit += OnExit;
    }

    /// <summary>Gets whether standard input and standard output are a terminal.</summary>
    public static bool IsThere => LibC.isatty(Input) == 1 && LibC.isatty(Output) == 1;

    /// <summary>Opens standard input as it is. The class Console would make lines of a terminal's, and echo them.</summary>
    public static Stream OpenInput() =>
        new FileStream(new SafeFileHandle(Input, ownsHandle: false), FileAccess.Read, bufferSize: 0);

    /// <summary>Makes the terminal raw.</summary>
    /// <exception cref="IOException">Standard input is no terminal.</exception>
    public static Terminal MakeRaw()
    {
        // SAFETY: the structure is on this stack, and tcgetattr(3) keeps no pointer to it.
        termios saved;
        if (LibC.tcgetattr(Input, &saved) != 0)
        {
            throw new IOException("Standard input is no terminal.");
        }

        var terminal = new Terminal(saved);
        terminal.Enter();
        return terminal;
    }

    /// <summary>Makes it raw again, after <see cref="Leave"/>.</summary>
    public void Enter()
    {
        lock (_lock)
        {
            // What cfmakeraw(3) does, but for the output: lines of this program's own begin at the left.
            termios raw = _saved;
            raw.c_iflag &= ~(LibC.IGNBRK | LibC.BRKINT | LibC.PARMRK | LibC.ISTRIP | LibC.INLCR | LibC.IGNCR | LibC.ICRNL | LibC.IXON);
            raw.c_lflag &= ~(LibC.ECHO | LibC.ECHONL | LibC.ICANON | LibC.ISIG | LibC.IEXTEN);
            raw.c_cflag = (raw.c_cflag & ~(LibC.CSIZE | LibC.PARENB)) | LibC.CS8;
            Set(raw);
            _isRaw = true;
        }
    }

    /// <summary>Gives the settings back.</summary>
    public void Leave()
    {
        lock (_lock)
        {
            if (_isRaw)
            {
                Set(_saved);
                _isRaw = false;
            }
        }
    }

    /// <summary>Gives the settings back, for good.</summary>
    public void Dispose()
    {
        Leave();
        AppDomain.CurrentDomain.ProcessExit -= OnExit;
    }

    // SAFETY: the structure is on this stack, and tcsetattr(3) keeps no pointer to it. A terminal that has gone needs nothing.
    private static void Set(termios settings) => _ = LibC.tcsetattr(Input, (int)LibC.TCSANOW, &settings);

    private void OnExit(object? sender, EventArgs arguments) => Leave();
}
