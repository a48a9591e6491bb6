using System.Diagnostics;
using System.Text;

namespace LuoInterop.ProgramHost;

/// <summary>Kills this process, as SIGKILL does, when a line of the trace is to be written: the call's program waits for its answer
/// then.</summary>
internal sealed class DyingWriter(int line) : StringWriter
{
    private int _left = line;

    public override Encoding Encoding => Encoding.UTF8;

    public override void WriteLine(string? value)
    {
        if (--_left == 0)
        {
            Process.GetCurrentProcess().Kill();
            Thread.Sleep(Timeout.Infinite);
        }
    }
}
