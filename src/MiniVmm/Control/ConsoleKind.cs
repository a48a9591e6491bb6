namespace MiniVmm.Control;

/// <summary>Says where a guest's console is.</summary>
internal enum ConsoleKind
{
    /// <summary>On this program's standard input and output.</summary>
    Terminal,
    /// <summary>At the VM's socket: <c>minivmm console</c>.</summary>
    Socket,
    /// <summary>Nowhere: what the guest writes is dropped.</summary>
    None,
}
