using LuoInterop.Systemd.Memory;

namespace LuoInterop.Systemd.Hosting;

/// <summary>Is where a host has its store from: this process, unless a test says otherwise.</summary>
internal class StoreSource
{
    public virtual Kernel Kernel => Kernel.Linux;

    public virtual Guid BootId => Memory.BootId.Current;

    public virtual FileDescriptorStore? Open(out FileDescriptorStoreException? whyNot) =>
        FileDescriptorStore.TryOpen(out FileDescriptorStore? store, out whyNot) ? store : null;
}
