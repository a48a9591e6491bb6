using System.Text;
using LuoInterop.VmTesting;

namespace LuoInterop.Demo;

/// <summary>Writes to the host of a VM; a flush returns once the host holds everything, as must be before a kexec.</summary>
internal sealed class GuestOutput(TextWriter inner) : TextWriter
{
    public override Encoding Encoding => inner.Encoding;

    public override void Write(char value) => inner.Write(value);

    public override void Write(string? value) => inner.Write(value);

    public override void WriteLine(string? value) => inner.WriteLine(value);

    public override void Flush() => Guest.Flush();
}
