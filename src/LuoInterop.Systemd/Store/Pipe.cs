using LuoInterop.Interop;
using Tmds.Linux;

namespace LuoInterop.Systemd.Store;

/// <summary>Is a pipe whose write end is given away: it hangs up when nobody has that end any more.</summary>
internal sealed class Pipe : IDisposable
{
    private Pipe(Kernel kernel)
    {
        ReadEnd = new KernelHandle(kernel);
        WriteEnd = new KernelHandle(kernel);
    }

    public KernelHandle ReadEnd { get; }

    public KernelHandle WriteEnd { get; }

    public static unsafe Pipe Open(Kernel kernel)
    {
        var pipe = new Pipe(kernel);
        int* ends = stackalloc int[2];

        // SAFETY: pipe2(2) writes the two numbers, which are on this stack.
        int result = SystemCall.Result(LibC.pipe2(ends, LibC.O_CLOEXEC));
        if (result < 0)
        {
            throw KernelException.For(result, "pipe2");
        }

        pipe.ReadEnd.Take(ends[0]);
        pipe.WriteEnd.Take(ends[1]);
        return pipe;
    }

    /// <summary>Waits until nobody has the write end.</summary>
    public bool WaitForHangUp(Deadline deadline)
    {
        using var open = new DescriptorReference(ReadEnd);
        return Poll.Wait(open.Fd, 0, deadline);
    }

    public void Dispose()
    {
        ReadEnd.Dispose();
        WriteEnd.Dispose();
    }
}
