using System.Diagnostics;
using static LuoInterop.Emulation.Tests.Luo;

namespace LuoInterop.Emulation.Tests.Host;

/// <summary>Proves that an image can be loaded once it is written, whatever other threads do.</summary>
public sealed class WrittenImageTests : IDisposable
{
    private const int Images = 300;

    private readonly EmulatedMachine _machine = new();
    private readonly string _path = Path.GetTempFileName();

    public void Dispose()
    {
        _machine.Dispose();
        File.Delete(_path);
    }

    /// <summary>A process that is being started has the image open for writing until it execs.</summary>
    [Fact]
    public void Image_WrittenWhileProcessesAreStarted_IsLoaded()
    {
        EmulatedProcess kernel = _machine.Boot();
        int started = 0;
        using var enough = new CancellationTokenSource();
        var starting = new Thread(() =>
        {
            while (!enough.IsCancellationRequested)
            {
                using Process program = Process.Start("true");
                program.WaitForExit();
                Interlocked.Increment(ref started);
            }
        });
        starting.Start();
        try
        {
            for (int i = 0; i < Images || Volatile.Read(ref started) < Images; i++)
            {
                EmulatedKernelImage.Write(_path);
                using var image = new Descriptor(kernel, kernel.Open(_path, O_RDONLY));
                Assert.Equal(0, kernel.KexecFileLoad(image, null, "kho=on liveupdate=on", KexecFileNoInitramfs));
            }
        }
        finally
        {
            enough.Cancel();
            starting.Join();
        }
    }
}
