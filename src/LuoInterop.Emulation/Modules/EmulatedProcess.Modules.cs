namespace LuoInterop.Emulation;

/// <content>The modules of the kernel.</content>
public sealed partial class EmulatedProcess
{
    /// <summary>Loads a module, as init_module(2) does.</summary>
    /// <param name="module">The module.</param>
    /// <returns>0, EEXIST when one of its name is loaded, or the <c>-errno</c> of its init, which takes back what it registered.</returns>
    public int LoadModule(EmulatedModule module)
    {
        ArgumentNullException.ThrowIfNull(module);
        lock (_system.Lock)
        {
            _system.ThrowIfEnded();
            return _system.LoadModule(module);
        }
    }

    /// <summary>Unloads a module, as delete_module(2) does.</summary>
    /// <param name="name">The module's name.</param>
    /// <returns>
    /// 0; ENOENT when it is not loaded; EAGAIN (Linux's EWOULDBLOCK) while its files are preserved or wait to be finished,
    /// or its objects are in use.
    /// </returns>
    public int UnloadModule(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        lock (_system.Lock)
        {
            _system.ThrowIfEnded();
            return _system.UnloadModule(name);
        }
    }
}
