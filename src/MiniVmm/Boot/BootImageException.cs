namespace MiniVmm.Boot;

/// <summary>Tells why a kernel, an initrd or a command line cannot be booted in this guest.</summary>
internal sealed class BootImageException(string message) : Exception(message);
