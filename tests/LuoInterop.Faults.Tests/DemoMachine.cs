using LuoInterop.Demo;
using LuoInterop.Emulation;
using LuoInterop.Emulation.Boot;

namespace LuoInterop.Faults.Tests;

/// <summary>Runs the demo on an emulated machine as init and a supervisor do, and watches that no memory is lost unsaid.</summary>
internal sealed class DemoMachine : IDisposable
{
    /// <summary>The guest's RAM in bytes: pages enough for several folios.</summary>
    public const long RamSize = 64 << 10;

    private const string NextRelease = "7.3.5-next";

    private static readonly string Image = MakeImage();

    public DemoMachine() => Baseline = KernelFootprint.Of(Machine.Boot().Running);

    public EmulatedMachine Machine { get; } = new(new EmulatedMachineOptions { MemorySize = 256 << 20, LargestFolioOrder = 0 });

    public FaultInjection Faults => Machine.Faults;

    /// <summary>Gets what the first kernel holds before a program runs.</summary>
    public KernelFootprint Baseline { get; }

    /// <summary>Gets what the running kernel holds.</summary>
    public KernelFootprint Footprint => KernelFootprint.Of(Machine.Kernel.Running);

    /// <summary>Gets whether a kernel runs that was started by kexec.</summary>
    public bool IsInNextKernel => Machine.IsRunning && Machine.Kernel.Release == NextRelease;

    /// <summary>Runs the program through its kexecs until it ends for good, once.</summary>
    public Ending Run()
    {
        var output = new StringWriter();
        int? code = null;
        Exception? error = null;
        bool handedOver = IsInNextKernel;
        try
        {
            code = Machine.Run(kernel =>
            {
                int start = output.GetStringBuilder().Length;
                bool pending = kernel.Release == NextRelease && handedOver;
                handedOver = true;
                try
                {
                    return new LiveUpdateProgram(kernel, RamSize, new NextKernel(Image, null, "kho=on liveupdate=on"), output, false).Run();
                }
                finally
                {
                    string said = output.ToString()[start..];
                    if (pending && said.Contains("first kernel:", StringComparison.Ordinal))
                    {
                        Assert.Contains("LOST", said, StringComparison.Ordinal);
                    }
                }
            });
        }
        catch (Exception ended) when (ended is not Xunit.Sdk.XunitException)
        {
            error = ended;
        }

        return new Ending(code, error, output.ToString());
    }

    /// <summary>Restarts the machine, as an administrator does who reads that the sessions cannot be had any more.</summary>
    public void Restart()
    {
        EmulatedProcess administrator = Machine.Kernel.StartProcess();
        Assert.Throws<EmulatedRebootException>(() => administrator.Reboot(0x01234567));
    }

    public void Dispose() => Machine.Dispose();

    private static string MakeImage()
    {
        string path = Path.Combine(AppContext.BaseDirectory, "next-kernel.img");
        EmulatedKernelImage.Write(path, NextRelease);
        return path;
    }
}
