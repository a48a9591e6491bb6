using LuoInterop.Emulation.Boot;
using LuoInterop.Emulation.Server.Descriptors;
using LuoInterop.Emulation.Server.Interop;
using LuoInterop.Emulation.Server.Seccomp;

namespace LuoInterop.Emulation.Server.Calls;

/// <summary>Is the call that a receiving thread answers at the moment, and what the answer needs.</summary>
internal sealed class TrappedCall
{
    private readonly RemoteDescriptorTable _descriptors;
    private seccomp_notif _call;

    public TrappedCall(CallListener listener, KernelRun kernel, bool trapsEverything)
    {
        Listener = listener;
        Kernel = kernel;
        TrapsEverything = trapsEverything;
        _descriptors = new RemoteDescriptorTable(listener, kernel.Placeholders);
        Caller = new EmulatedProcess(kernel.System, _descriptors);
        Own = new EmulatedProcess(kernel.System);
    }

    /// <summary>Gets the listener that the call came from.</summary>
    public CallListener Listener { get; }

    /// <summary>Gets the kernel that answers.</summary>
    public KernelRun Kernel { get; }

    /// <summary>Gets the emulated kernel itself.</summary>
    public EmulatedKernel System => Kernel.System;

    /// <summary>Gets whether calls that only look at paths and descriptors come here too.</summary>
    public bool TrapsEverything { get; }

    /// <summary>Gets the kernel as the calling process sees it: descriptors are that process' numbers.</summary>
    public EmulatedProcess Caller { get; private set; }

    /// <summary>Gets the kernel as this process sees it: descriptors are this process' own.</summary>
    public EmulatedProcess Own { get; private set; }

    /// <summary>Gets the calling process, by the number of its thread.</summary>
    public int Process => (int)_call.pid;

    /// <summary>Gets the number of the system call.</summary>
    public int Number => _call.data.nr;

    /// <summary>Gets the call as the kernel tells it.</summary>
    public ref readonly seccomp_notif Notification => ref _call;

    /// <summary>Begins a call.</summary>
    public void Begin(in seccomp_notif call)
    {
        _call = call;
        _descriptors.Begin(call);
    }

    /// <summary>Gets an argument as an address or a length.</summary>
    public ulong Address(int index) => _call.data.args[index];

    /// <summary>Gets an argument as an int.</summary>
    public int Int(int index) => unchecked((int)_call.data.args[index]);

    /// <summary>Gives the next emulated file this number, in place of what is there.</summary>
    public void Replace(int fd) => _descriptors.Place = fd;

    /// <summary>Gives the process a descriptor for a mere place: its number, or <c>-errno</c>.</summary>
    public int Place(Files.PathFile place, bool closeOnExec) => _descriptors.Install(0, place, closeOnExec);

    /// <summary>Tells whether a number of the process is that of an emulated file.</summary>
    public bool IsEmulated(int fd) => _descriptors.Owns(fd);

    /// <summary>Gets the emulated file behind a number of the process, or null.</summary>
    public Files.OpenFile? Find(int fd) => _descriptors.Get(fd);

    /// <summary>Gets the memory of the process that an argument points to.</summary>
    public Files.UserMemory Memory(int index) => new(Process, unchecked((nint)Address(index)));

    /// <summary>Reads the path of an argument, or null.</summary>
    public string? Path(int index) => RemoteProcess.ReadPath(Process, Address(index));

    /// <summary>Begins anew after the process was killed by an injected fault.</summary>
    public void Renew()
    {
        Caller = new EmulatedProcess(System, _descriptors);
        Own = new EmulatedProcess(System);
    }
}
