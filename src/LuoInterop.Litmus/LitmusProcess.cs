using System.Runtime.InteropServices;
using LuoInterop.Interop;
using LuoInterop.Litmus.Language;
using LuoInterop.Shared.Tracing;

namespace LuoInterop.Litmus;

/// <summary>Is the process that a script runs as, on one kernel: its descriptors and mappings by name.</summary>
internal sealed class LitmusProcess : IDisposable
{
    /// <summary>Is observed of an operation on a name that stands for no descriptor; no call was made.</summary>
    public const string Unset = "unset";

    private readonly List<(string Name, KernelHandle Handle)> _descriptors = [];
    private readonly List<(string Name, nint Address, nuint Length)> _mappings = [];
    private string? _folder;

    // Made before the kernel is asked for a descriptor.
    private KernelHandle _next;

    /// <param name="kernel">The kernel that runs.</param>
    /// <param name="number">The script's number among those that share the kernel.</param>
    public LitmusProcess(Kernel kernel, int number)
    {
        Kernel = kernel;
        _next = new KernelHandle(kernel);
        Prefix = SessionNameField.Prefix(number);
    }

    public Kernel Kernel { get; }

    /// <summary>Gets what the script's session names begin with.</summary>
    public string Prefix { get; }

    /// <summary>Gets a folder on tmpfs for the script's files with names.</summary>
    public string Folder
    {
        get
        {
            if (_folder is null)
            {
                string folder = "/dev/shm/luo-litmus-" + Path.GetRandomFileName();
                Directory.CreateDirectory(folder);
                _folder = folder;
            }

            return _folder;
        }
    }

    /// <summary>Performs a line.</summary>
    public string Perform(LitmusLine line) => line.Operation.Perform(this, line.Target);

    /// <summary>Writes a call's result: the number, or the error's name.</summary>
    public static string Describe(long result) => TraceScript.Describe(result);

    /// <summary>Finds a descriptor; null when the name stands for none.</summary>
    public SafeHandle? Find(string name)
    {
        int index = Index(name);
        return index < 0 ? null : _descriptors[index].Handle;
    }

    /// <summary>Performs a call on a descriptor, and describes its result.</summary>
    public string On(string name, Func<SafeHandle, long> call) => Find(name) is { } handle ? Describe(call(handle)) : Unset;

    /// <summary>Gives a new descriptor a name. One that had the name is closed.</summary>
    /// <returns>What is observed: 0, or the error's name.</returns>
    public string Assign(string? name, long fd)
    {
        if (fd < 0)
        {
            return Describe(fd);
        }

        KernelHandle handle = _next;
        handle.Take((int)fd);
        _next = new KernelHandle(Kernel);
        if (name is null)
        {
            handle.Dispose();
        }
        else
        {
            Close(name);
            _descriptors.Add((name, handle));
        }

        return "0";
    }

    /// <summary>Closes a descriptor.</summary>
    public string Close(string name)
    {
        int index = Index(name);
        if (index < 0)
        {
            return Unset;
        }

        KernelHandle handle = _descriptors[index].Handle;
        _descriptors.RemoveAt(index);

        // Closed by number, to observe the result.
        int fd = (int)handle.DangerousGetHandle();
        handle.SetHandleAsInvalid();
        return Describe(Kernel.Close(fd));
    }

    /// <summary>Keeps a mapping.</summary>
    public void AddMapping(string name, nint address, nuint length) => _mappings.Add((name, address, length));

    /// <summary>Removes the mappings made from a descriptor.</summary>
    public string Unmap(string name)
    {
        int count = 0;
        for (int i = _mappings.Count - 1; i >= 0; i--)
        {
            if (_mappings[i].Name == name)
            {
                int error = Kernel.MUnmap(_mappings[i].Address, _mappings[i].Length);
                if (error < 0)
                {
                    return Describe(error);
                }

                _mappings.RemoveAt(i);
                count++;
            }
        }

        return count == 0 ? Unset : "0";
    }

    /// <summary>Ends the process: mappings go first, then descriptors, the oldest first.</summary>
    public void Exit()
    {
        foreach ((_, nint address, nuint length) in _mappings)
        {
            int error = Kernel.MUnmap(address, length);
            if (error < 0)
            {
                throw KernelException.For(error, Operation.Unmap);
            }
        }

        _mappings.Clear();
        while (_descriptors.Count > 0)
        {
            Close(_descriptors[0].Name);
        }
    }

    /// <summary>Gives the device back, before scripts that share the kernel go on: a kexec closes it anyway, and unseen.</summary>
    public void CloseDevice()
    {
        foreach ((string name, KernelHandle handle) in _descriptors.ToArray())
        {
            if (Kernel.ReadLink(handle, out string text) == 0 && text == LiveUpdateDevice.DefaultPath)
            {
                Close(name);
            }
        }
    }

    /// <summary>Ends the process, and removes its files.</summary>
    public void Dispose()
    {
        Exit();
        if (_folder is not null)
        {
            Directory.Delete(_folder, recursive: true);
            _folder = null;
        }
    }

    private int Index(string name) => _descriptors.FindIndex(entry => entry.Name == name);
}
