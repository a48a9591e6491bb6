using System.Text;
using LuoInterop;

namespace MiniVmm.Control;

/// <summary>Is the list of the VMs that go through an update together: the kernel does not tell which sessions wait.</summary>
/// <remarks>A session of its own, which the VM that jumps holds. Who reads it has it, and ends it by <see cref="Finish"/>.</remarks>
internal sealed class Roster : IDisposable
{
    // No guest's session has this name: theirs go on after a hyphen.
    private const string Session = "minivmm";
    private const string Names = "names";

    private readonly LiveUpdate _update;

    private Roster(LiveUpdate update) => _update = update;

    /// <summary>Gets the names that the kernel before has handed over; empty where it has handed over none.</summary>
    /// <exception cref="SessionCatalogueException">The list cannot be read.</exception>
    public IReadOnlyList<string> HandedOver => _update.Resumed
        ? Encoding.UTF8.GetString(_update.RetrieveBytes(Names)).Split('\n', StringSplitOptions.RemoveEmptyEntries)
        : [];

    /// <summary>Opens the list.</summary>
    /// <exception cref="KernelException">There is no live update here, or another process has the list.</exception>
    public static Roster Open(Kernel kernel) => new(WhileBusy.Do(() => LiveUpdate.Open(kernel, Session)));

    /// <summary>Preserves a list for the next kernel. One of the kernel before is dropped.</summary>
    /// <exception cref="KernelException">The kernel refuses.</exception>
    public void Preserve(IEnumerable<string> names)
    {
        Finish();
        WhileBusy.Do(() => _update.PreserveBytes(Names, Encoding.UTF8.GetBytes(string.Join('\n', names))));
    }

    /// <summary>Ends what the kernel before has handed over.</summary>
    public void Finish()
    {
        if (_update.Resumed)
        {
            _update.Finish();
        }
    }

    /// <summary>Drops what is preserved, and closes the list.</summary>
    public void Dispose()
    {
        _update.Abort();
        _update.Dispose();
    }
}
