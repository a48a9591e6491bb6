using LuoInterop.Emulation.Interop;

namespace LuoInterop.Emulation.Luo;

/// <summary>Counts who uses a module of one kernel (<c>struct module</c>, kernel/module/main.c).</summary>
/// <remarks>Not safe for use from several threads at once: the running kernel's lock guards it.</remarks>
internal sealed class KernelModule(string name)
{
    public string Name { get; } = name;

    /// <summary>Gets the number of files and objects that need the module.</summary>
    public int References { get; private set; }

    /// <summary>Gets whether the module is going: nothing can begin to use it.</summary>
    public bool IsGoing { get; private set; }

    /// <summary>Takes a reference (try_module_get): false when the module is going.</summary>
    public bool TryGet()
    {
        References += IsGoing ? 0 : 1;
        return !IsGoing;
    }

    /// <summary>Drops a reference (module_put).</summary>
    public void Put() => References--;

    /// <summary>Begins to unload (try_stop_module): 0, or EAGAIN, which is Linux's EWOULDBLOCK, while the module is used.</summary>
    public int Stop()
    {
        IsGoing = References == 0;
        return IsGoing ? 0 : Refused.EAGAIN;
    }
}
