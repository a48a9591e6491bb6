using System.Runtime.InteropServices;
using LuoInterop.Interop;
using LuoInterop.Kvm.Interop;
using Tmds.Linux;

namespace LuoInterop.Kvm;

/// <summary>Is the signal that makes KVM_RUN return in another thread. Its handler does nothing.</summary>
/// <remarks>
/// The highest real-time signal that nobody uses when a vCPU is first kicked; the .NET runtime has the lowest one. A handler is a must, or
/// the signal would end the process. KVM_RUN returns EINTR in spite of SA_RESTART, and a call that the thread makes after it, at which a
/// late signal comes, goes on.
/// </remarks>
internal static unsafe class KickSignal
{
    // ESRCH of asm-generic/errno-base.h: the thread has ended, and is in no call.
    private const int NoSuchThread = 3;

    private static readonly Lazy<int> s_number = new(Install);

    /// <summary>Interrupts a system call of a thread of this process.</summary>
    /// <param name="thread">The thread's number, as gettid(2) gives it.</param>
    public static void Send(int thread)
    {
        if (SignalHeader.tgkill(Environment.ProcessId, thread, s_number.Value) < 0 && SystemCall.LastError != -NoSuchThread)
        {
            throw KvmRefusal.Of(SystemCall.LastError, KvmOperation.Kick);
        }
    }

    private static int Install()
    {
        // abs() takes an int as a handler does, and touches nothing: no managed code runs in a handler.
        void* nothing = (void*)NativeLibrary.GetExport(NativeLibrary.Load("libc.so.6"), "abs");

        // The C library keeps the lowest to itself, and refuses them.
        for (int signal = SignalHeader.SIGRTMAX; signal > SignalHeader.SIGRTMIN; signal--)
        {
            // SAFETY: both structures are on this stack, and sigaction(2) keeps no pointer to them.
            sigaction old = default;
            if (LibC.sigaction(signal, null, &old) == 0 && old.sa_handler == LibC.SIG_DFL)
            {
                sigaction action = default;
                action.sa_handler = nothing;
                action.sa_flags = LibC.SA_RESTART;
                if (LibC.sigaction(signal, &action, null) == 0)
                {
                    return signal;
                }
            }
        }

        throw new InvalidOperationException("Every real-time signal has a handler of this program; a vCPU needs one to be interrupted.");
    }
}
