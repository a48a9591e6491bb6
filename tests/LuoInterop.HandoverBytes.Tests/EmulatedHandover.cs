using LuoInterop.Emulation;
using LuoInterop.HandoverBytes.Payload;
using LuoInterop.Kho;
using LuoInterop.Kho.Abi;
using Xunit;

namespace LuoInterop.HandoverBytes.Tests;

/// <summary>Lets the emulated kernel run the same program as <see cref="LinuxHandover"/>, and stops before the next one starts.</summary>
public sealed class EmulatedHandover : IDisposable
{
    public EmulatedHandover()
    {
        Kernel kernel = Machine.Boot();
        Made = Sessions.Make(kernel);
        string image = Path.GetTempFileName();
        try
        {
            EmulatedKernelImage.Write(image);

            KexecImage next = KexecImage.Load(kernel, image, null, "kho=on liveupdate=on");
            Assert.Throws<EmulatedKexecException>(next.Reboot);
        }
        finally
        {
            File.Delete(image);
        }

        Setup = Machine.Handover!.Value;
    }

    internal EmulatedMachine Machine { get; } = new();

    internal IPhysicalMemory Memory => Machine.Memory;

    internal KhoSetupData Setup { get; }

    internal IReadOnlyList<MadeSession> Made { get; }

    public void Dispose() => Machine.Dispose();
}
