using LuoInterop.Emulation.Server.Calls;

namespace LuoInterop.Emulation.Server;

/// <summary>Writes the calls of programs down.</summary>
internal sealed class CallTrace(TextWriter writer)
{
    private readonly Lock _lock = new();

    public void Open(TrappedCall call, int result) => Write($"{call.Process} open {call.System.Options.DevicePath} = {result}");

    public void Ioctl(TrappedCall call, uint request, int result) =>
        Write($"{call.Process} ioctl {call.Int(0)} 0x{request:x} = {result}");

    public void KexecFileLoad(TrappedCall call, string line, int result) => Write($"{call.Process} kexec_file_load '{line}' = {result}");

    public void Reboot(TrappedCall call, uint command) => Write($"{call.Process} reboot 0x{command:x}");

    private void Write(string line)
    {
        lock (_lock)
        {
            writer.WriteLine(line);
            writer.Flush();
        }
    }
}
