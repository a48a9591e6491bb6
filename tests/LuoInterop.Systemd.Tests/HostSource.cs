using LuoInterop.Systemd.Hosting;
using Xunit;

namespace LuoInterop.Systemd.Tests;

/// <summary>Gives a host the store of a service manager that a test holds, or of none.</summary>
internal sealed class HostSource(FakeServiceManager? manager) : StoreSource
{
    private static readonly Guid s_boot = Guid.NewGuid();

    public override Guid BootId => s_boot;

    public FileDescriptorStore? Store { get; private set; }

    public override FileDescriptorStore? Open(out FileDescriptorStoreException? whyNot)
    {
        whyNot = null;
        if (Store is null && manager is not null)
        {
            manager.Start(out FileDescriptorStore store);
            Store = store;
        }
        else if (manager is null)
        {
            Assert.False(FileDescriptorStore.TryOpen(Kernel.Linux, new(), out _, out whyNot));
        }

        return Store;
    }
}
