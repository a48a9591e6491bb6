using LuoInterop.Emulation.Boot;
using LuoInterop.Emulation.Interop;
using LuoInterop.Emulation.Luo;
using LuoInterop.Kho;
using LuoInterop.Kho.Abi;

namespace LuoInterop.Emulation;

/// <summary>Gives a loaded module what Linux gives modules for live update (include/linux/liveupdate.h):
/// one module in one kernel.</summary>
/// <remarks>
/// Keep it: callbacks use it as long as the kernel runs. The members may be called from the module's functions and callbacks, and
/// from any thread otherwise. They return 0 or <c>-errno</c>; EOPNOTSUPP without <c>liveupdate=on</c> or on a kernel without LUO.
/// </remarks>
public sealed class ModuleContext
{
    private readonly EmulatedKernel _kernel;
    private readonly List<RegisteredHandler> _handlers = [];

    internal ModuleContext(EmulatedKernel kernel, EmulatedModule module)
    {
        _kernel = kernel;
        Definition = module;
        Module = new KernelModule(module.Name);
        Memory = new KhoMemory(kernel.Handover);
    }

    /// <summary>Gets the kernel's release.</summary>
    public string Release => _kernel.Release;

    /// <summary>Gets the kernel's command line.</summary>
    public string CommandLine => _kernel.CommandLine;

    /// <summary>Gets whether live update is on (liveupdate_enabled).</summary>
    public bool IsEnabled => _kernel.Device is not null;

    /// <summary>Gets the memory that the next kernel finds.</summary>
    public KhoMemory Memory { get; }

    internal EmulatedModule Definition { get; }

    internal KernelModule Module { get; }

    /// <summary>Makes a handler known (liveupdate_register_file_handler).</summary>
    /// <param name="handler">The handler, owned by this module:
    /// while its files are preserved or wait to be finished the module cannot be unloaded.</param>
    /// <returns>0; EINVAL when a required callback is missing; EEXIST when one of its forms is another handler's.</returns>
    public int RegisterFileHandler(LiveUpdateFileHandler handler)
    {
        ArgumentNullException.ThrowIfNull(handler);
        lock (_kernel.Lock)
        {
            if (!IsEnabled)
            {
                return Refused.EOPNOTSUPP;
            }

            if (!RegisteredHandler.HasRequired(handler.Operations))
            {
                return Refused.EINVAL;
            }

            var registered = new RegisteredHandler(handler) { Owner = Module };
            int error = _kernel.Luo!.Register(registered);
            if (error == 0)
            {
                _handlers.Add(registered);
            }

            return error;
        }
    }

    /// <summary>Forgets a handler, and takes its objects from it (liveupdate_unregister_file_handler).
    /// Does nothing to one that is not registered.</summary>
    /// <param name="handler">The handler.</param>
    public void UnregisterFileHandler(LiveUpdateFileHandler handler)
    {
        lock (_kernel.Lock)
        {
            if (Find(handler) is { } registered)
            {
                _handlers.Remove(registered);
                _kernel.Luo!.Unregister(registered);
            }
        }
    }

    /// <summary>Binds an object to a handler: it is preserved with the handler's first file (liveupdate_register_flb).</summary>
    /// <param name="handler">A handler that this module has registered.</param>
    /// <param name="flb">The object; the same one may be bound to several handlers.</param>
    /// <returns>
    /// 0; EINVAL when a callback is missing or the handler is not registered; EEXIST when it is bound to this handler, or
    /// another object has its name; ENOSPC when 63 are registered (LUO_FLB_MAX); ENOMEM.
    /// </returns>
    public int RegisterFlb(LiveUpdateFileHandler handler, LiveUpdateFlb flb)
    {
        ArgumentNullException.ThrowIfNull(flb);
        lock (_kernel.Lock)
        {
            return !IsEnabled ? Refused.EOPNOTSUPP
                : Find(handler) is { } registered ? _kernel.Luo!.Flbs.Register(registered, flb, Module)
                : Refused.EINVAL;
        }
    }

    /// <summary>Takes an object from a handler (liveupdate_unregister_flb). Does nothing to one that is not bound to it.</summary>
    /// <param name="handler">The handler.</param>
    /// <param name="flb">The object.</param>
    public void UnregisterFlb(LiveUpdateFileHandler handler, LiveUpdateFlb flb)
    {
        lock (_kernel.Lock)
        {
            if (Find(handler) is { } registered)
            {
                _kernel.Luo!.Flbs.Unregister(registered, flb);
            }
        }
    }

    /// <summary>Gets the object that the previous kernel left, and holds it (liveupdate_flb_get_incoming).
    /// The first call retrieves it.</summary>
    /// <param name="flb">The object.</param>
    /// <param name="instance">The live object; give it back by <see cref="PutIncoming"/>.</param>
    /// <returns>
    /// 0; ENODATA when nothing came in, or it is finished; ENOENT when it is not among what came in, or is not registered;
    /// ENODEV while its module is unloaded; what its retrieve returned, for ever.
    /// </returns>
    public int GetIncoming(LiveUpdateFlb flb, out object? instance)
    {
        instance = null;
        lock (_kernel.Lock)
        {
            return !IsEnabled ? Refused.EOPNOTSUPP
                : _kernel.Luo!.Flbs.Find(flb) is { } state ? _kernel.Luo.Flbs.GetIncoming(state, out instance)
                : Refused.ENOENT;
        }
    }

    /// <summary>Gives the incoming object back (liveupdate_flb_put_incoming).
    /// It is finished when the last file and the last holder are gone.</summary>
    /// <param name="flb">The object.</param>
    public void PutIncoming(LiveUpdateFlb flb)
    {
        lock (_kernel.Lock)
        {
            if (IsEnabled && _kernel.Luo!.Flbs.Find(flb) is { } state)
            {
                _kernel.Luo.Flbs.PutIncoming(state);
            }
        }
    }

    /// <summary>Gets the object that goes to the next kernel, and holds it (liveupdate_flb_get_outgoing).</summary>
    /// <param name="flb">The object.</param>
    /// <param name="instance">The live object; give it back by <see cref="PutOutgoing"/>.</param>
    /// <returns>0; ENOENT while no file that depends on it is preserved.</returns>
    public int GetOutgoing(LiveUpdateFlb flb, out object? instance)
    {
        instance = null;
        lock (_kernel.Lock)
        {
            return !IsEnabled ? Refused.EOPNOTSUPP
                : _kernel.Luo!.Flbs.Find(flb) is { } state ? LuoFlbList.GetOutgoing(state, out instance)
                : Refused.ENOENT;
        }
    }

    /// <summary>Gives the outgoing object back (liveupdate_flb_put_outgoing).
    /// It is unpreserved when the last file and the last holder are gone.</summary>
    /// <param name="flb">The object.</param>
    public void PutOutgoing(LiveUpdateFlb flb)
    {
        lock (_kernel.Lock)
        {
            if (IsEnabled && _kernel.Luo!.Flbs.Find(flb) is { } state)
            {
                LuoFlbList.PutOutgoing(state);
            }
        }
    }

    /// <summary>Reads the handle that the previous kernel saved, without any effect (liveupdate_flb_incoming_early).</summary>
    /// <remarks>
    /// Nothing is retrieved, counted or allocated, so that it can be asked before LUO is up; what the handle leads to must be left
    /// as it is. Linux 7.3 does not have it: it is of the HugeTLB posting of December 2025 (Message-Id
    /// 20251206230222.853493-1-pratyush@kernel.org, patch 4, which names these errors), whose author agreed to drop it again.
    /// </remarks>
    /// <param name="compatible">The object's name; it need not be registered.</param>
    /// <param name="data">The handle.</param>
    /// <returns>0; ENODATA when nothing came in; ENOENT when it is not among what came in.</returns>
    public int GetIncomingEarly(string compatible, out ulong data)
    {
        data = 0;
        lock (_kernel.Lock)
        {
            if (_kernel.Luo is not { } luo || !_kernel.IsLiveUpdateOn)
            {
                return Refused.EOPNOTSUPP;
            }

            int error = luo.Flbs.FindIncoming(compatible, out LuoInterop.Kho.Abi.LuoFlbSer found);
            data = error == 0 ? found.Data : 0;
            return error;
        }
    }

    /// <summary>Takes back what is still registered, after the module's exit.</summary>
    internal void UnregisterAll()
    {
        foreach (RegisteredHandler handler in _handlers)
        {
            _kernel.Luo!.Unregister(handler);
        }

        _handlers.Clear();
    }

    private RegisteredHandler? Find(LiveUpdateFileHandler handler) => _handlers.Find(registered => registered.Definition == handler);
}
