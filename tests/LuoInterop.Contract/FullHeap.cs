using System.Runtime.InteropServices;
using LuoInterop.Interop;
using LuoInterop.Tests.Support;
using Microsoft.Win32.SafeHandles;

namespace LuoInterop.Contract;

/// <summary>Makes each call that gives a descriptor on a heap that is full up to some bytes, and looks for descriptors that nobody closes.</summary>
/// <remarks>Runs in a process of its own, whose heap has a hard limit.</remarks>
public static class FullHeap
{
    public const string Word = "full-heap";

    private const int Steps = 24;
    private const int StepBytes = 48;

    private static readonly object?[] s_filling = new object?[1 << 20];
    private static int s_filled;
    private static byte[]? s_room;

    private static readonly (string Name, Func<State, object?> Call)[] s_calls =
    [
        ("open", static s => LiveUpdateDevice.Open(s.Kernel)),
        ("create", static s => s.Device.CreateSession("created")),
        ("retrieve", static s => s.Device.RetrieveSession("retrieved")),
        ("try-retrieve", static s => s.Device.TryRetrieveSession("retrieved", out LiveUpdateSession? session) ? session : null),
        ("retrieve-file", static s => s.Incoming.RetrieveFile(1)),
        ("retrieve-handle", static s => s.Incoming.RetrieveHandle(1)),
        ("retrieve-memfd", static s => s.Incoming.RetrieveMemfd(1)),
        ("memfd", static s => Memfd.Create(s.Kernel, "memfd", 4096)),
        ("is-loaded", static s => KexecImage.IsLoaded(s.Kernel)),
        ("load", static s => KexecImage.Load(s.Kernel, "/kernel", "/initrd", "liveupdate=on")),
        ("kvm", static s => KvmDevice.Open(s.Kernel)),
        ("vm", static s => s.Kvm.CreateVm()),
        ("guest-memfd", static s => s.Vm.CreateGuestMemfd(4096)),
    ];

    /// <summary>Prints a line for every call: how often it failed for want of memory, how often it succeeded, and how many descriptors it lost.</summary>
    public static int Run()
    {
        var state = new State();
        foreach ((string name, Func<State, object?> call) in s_calls)
        {
            // Compiles the code and makes the types, which would otherwise need memory in the middle.
            Attempt(state, call, int.MaxValue);
            int before = Descriptors();
            int failed = 0;
            for (int step = 0; step < Steps; step++)
            {
                failed += Attempt(state, call, step * StepBytes) ? 0 : 1;
            }

            GC.Collect();
            GC.WaitForPendingFinalizers();
            Console.WriteLine($"{name} failed={failed} succeeded={Steps - failed} lost={Descriptors() - before}");
        }

        return 0;
    }

    private static bool Attempt(State state, Func<State, object?> call, int room)
    {
        object? made = null;
        bool succeeded = false;
        s_room = new byte[Math.Min(room, 1 << 16)];
        try
        {
            if (room != int.MaxValue)
            {
                Fill();
                s_room = null;
            }

            made = call(state);
            succeeded = true;
        }
        catch (OutOfMemoryException)
        {
            // What is looked for.
        }

        Array.Clear(s_filling, 0, s_filled);
        s_filled = 0;
        GC.Collect();
        if (made is LiveUpdateSession { Direction: SessionDirection.Incoming } session)
        {
            session.Finish();
        }

        (made as IDisposable)?.Dispose();
        return succeeded;
    }

    private static void Fill()
    {
        foreach (int size in (ReadOnlySpan<int>)[1 << 20, 1 << 16, 1 << 12, 256, 0])
        {
            try
            {
                while (true)
                {
                    s_filling[s_filled] = new byte[size];
                    s_filled++;
                }
            }
            catch (OutOfMemoryException)
            {
                // Full up to that size.
            }
        }
    }

    private static int Descriptors() => Directory.GetFiles("/proc/self/fd").Length;

    private sealed class State
    {
        public State()
        {
            Device = LiveUpdateDevice.Open(Kernel);
            Incoming = Device.RetrieveSession("incoming");
            Kvm = KvmDevice.Open(Kernel);
            Vm = Kvm.CreateVm();
        }

        public GivingKernel Kernel { get; } = new();

        public LiveUpdateDevice Device { get; }

        public LiveUpdateSession Incoming { get; }

        public KvmDevice Kvm { get; }

        public KvmVm Vm { get; }
    }

    /// <summary>Grants everything with copies of one host file, and allocates nothing.</summary>
    private sealed class GivingKernel : ForwardingKernel
    {
        private readonly Memfd _file = Memfd.Create(Linux, "given", 4096);

        public override int Open(string path, int flags, uint mode = 0) => Give();

        public override int MemfdCreate(string name, uint flags) => Give();

        public override int KexecFileLoad(SafeHandle? kernel, SafeHandle? initrd, string commandLine, uint flags) => 0;

        public override int Ioctl(SafeHandle file, uint request, nint argument) => request switch
        {
            KvmHeader.KVM_GET_API_VERSION => KvmHeader.KVM_API_VERSION,
            KvmHeader.KVM_GET_VCPU_MMAP_SIZE => 4096,
            KvmHeader.KVM_CREATE_VM or KvmHeader.KVM_CREATE_GUEST_MEMFD => Give(),
            _ => 0,
        };

        public override int Ioctl(SafeHandle file, uint request, Span<byte> argument)
        {
            if (request is RawIoctl.CreateSession or RawIoctl.RetrieveSession or RawIoctl.RetrieveFd)
            {
                MemoryMarshal.Cast<byte, int>(argument)[1] = Give();
            }

            return 0;
        }

        private int Give() => Linux.Fcntl(_file.Handle, FcntlHeader.F_DUPFD_CLOEXEC);
    }
}
