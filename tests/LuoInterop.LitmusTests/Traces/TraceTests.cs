using LuoInterop.Emulation;
using LuoInterop.Litmus;
using Xunit;

namespace LuoInterop.LitmusTests.Traces;

/// <summary>Proves that what a program does through the library is written down as a script, which does the same again.</summary>
public sealed class TraceTests : IDisposable
{
    private const string CommandLine = "kho=on liveupdate=on";
    private readonly string _image = Path.GetTempFileName();

    public TraceTests()
    {
        using FileStream file = File.Create(_image);
        EmulatedKernelImage.Write(file);
    }

    [Fact]
    public void LiveUpdate_IsWritten_AndItsScriptObservesTheSame()
    {
        string text = Trace(Program);
        LitmusScript script = LitmusScript.Parse("trace", text);
        Assert.Equal(2, script.Kernels);
        foreach (string line in (string[])["= create_session ", "preserve_fd ", "= retrieve_session ", "= retrieve_fd ", "finish ", "add_seals ", "= memfd ", "pwrite "])
        {
            Assert.Contains(line, text, StringComparison.Ordinal);
        }

        using var replay = new EmulatedReplay();
        LitmusResult result = replay.Run(script);
        Assert.Null(result.End);
        Assert.Empty(result.Mismatches.Select(i => $"{script.Lines[i].Text}: {result.Observations[i]}, not {script.Lines[i].Expected}"));
        Assert.InRange(script.Lines.Count(static line => line.Expected is not null), 15, int.MaxValue);
    }

    [Fact]
    public void Refusals_AreWritten_WithTheirErrors()
    {
        string text = Trace(kernel =>
        {
            using LiveUpdateDevice device = LiveUpdateDevice.Open(kernel);
            Assert.False(device.TryRetrieveSession("nobody", out _));
            LiveUpdateSession session = device.CreateSession("a \"name\"\\");
            Assert.Throws<LiveUpdateException>(() => device.CreateSession("a \"name\"\\"));
            session.Abort();
            return 0;
        });
        Assert.Contains("= retrieve_session d1 \"nobody\" => ENOENT\n", text, StringComparison.Ordinal);
        Assert.Contains("= create_session d1 \"a \\x22name\\x22\\x5c\" => 0\n", text, StringComparison.Ordinal);
        Assert.Contains("= create_session d1 \"a \\x22name\\x22\\x5c\" => EEXIST\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void RefusedKexec_IsOneLine()
    {
        using var machine = new EmulatedMachine();
        var text = new StringWriter { NewLine = "\n" };
        var kernel = new TracingKernel(machine.Boot(), text);
        Assert.Equal(-(int)Errno.EINVAL, kernel.Reboot(0x45584543));
        Assert.Equal("kexec => EINVAL\n", text.ToString());
    }

    public void Dispose() => File.Delete(_image);

    private static string Trace(Func<Kernel, int> program)
    {
        var text = new StringWriter { NewLine = "\n" };
        using var machine = new EmulatedMachine();
        Assert.Equal(0, machine.Run(kernel => program(new TracingKernel(kernel, text))));
        return text.ToString();
    }

    private int Program(Kernel kernel)
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(kernel);
        if (device.TryRetrieveSession("traced", out LiveUpdateSession? session))
        {
            using Memfd restored = session.RetrieveMemfd(7);
            Assert.Equal(8192, restored.Size);
            Assert.Equal(MemfdSeals.Grow, restored.Seals);
            session.Finish();
            session.Dispose();
            return 0;
        }

        session = device.CreateSession("traced");
        using Memfd memory = Memfd.Create(kernel, "memory", 8192);
        memory.AddSeals(MemfdSeals.Grow);
        memory.Write(100, [1, 2, 3]);
        memory.Position = 4096;
        session.Preserve(memory, 7);
        session.HoldUntilKexec();
        KexecImage.Load(kernel, _image, null, CommandLine).Reboot();
        return 1;
    }
}
