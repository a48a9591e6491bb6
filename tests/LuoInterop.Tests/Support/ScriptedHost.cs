using System.Runtime.InteropServices;

namespace LuoInterop.Tests.Support;

/// <summary>Is the kernel of this process but for what a test scripts, on a machine of its own.</summary>
/// <remarks>A test never replaces or stops the machine that it runs on.</remarks>
internal abstract class ScriptedHost : ForwardingKernel
{
    public override string Description => "a scripted kernel on " + base.Description;

    public override int KexecFileLoad(SafeHandle? kernel, SafeHandle? initrd, string commandLine, uint flags) => throw NotScripted();

    public override int Reboot(uint command) => throw NotScripted();

    private static InvalidOperationException NotScripted() => new("The test does not script kexec_file_load and reboot.");
}
