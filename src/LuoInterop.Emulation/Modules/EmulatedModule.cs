namespace LuoInterop.Emulation;

/// <summary>Describes a module of emulated kernels: what registers file handlers and file-lifecycle-bound objects of your own.</summary>
/// <remarks>
/// Modules in <see cref="EmulatedMachineOptions.Modules"/> are loaded in every kernel of the machine, before its first process;
/// <see cref="EmulatedProcess.LoadModule"/> loads one later. A next kernel without the module cannot make the module's files:
/// its device answers EIO, as Linux's does. Immutable.
/// </remarks>
public sealed class EmulatedModule
{
    /// <summary>Describes a module.</summary>
    /// <param name="name">The module's name.</param>
    /// <param name="initialize">What runs when it is loaded (module_init); it returns 0,
    /// or the <c>-errno</c> that loading it answers.</param>
    /// <param name="exit">What runs when it is unloaded (module_exit); null when there is nothing to do.</param>
    /// <remarks>What the module registered and its exit did not take back is taken back for it.</remarks>
    public EmulatedModule(string name, Func<ModuleContext, int> initialize, Action<ModuleContext>? exit = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        ArgumentNullException.ThrowIfNull(initialize);
        Name = name;
        Initialize = initialize;
        Exit = exit;
    }

    /// <summary>Gets the module's name.</summary>
    public string Name { get; }

    internal Func<ModuleContext, int> Initialize { get; }

    internal Action<ModuleContext>? Exit { get; }
}
