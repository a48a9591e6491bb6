using System.Globalization;
using LuoInterop.Emulation;
using LuoInterop.Litmus;
using Xunit;

namespace LuoInterop.Litmus.Tests.Traces;

/// <summary>Proves that what a program does through the library is written down as a script, which does the same again.</summary>
public sealed class TraceTests : IDisposable
{
    private const string CommandLine = "kho=on liveupdate=on";
    private readonly string _image = Path.GetTempFileName();

    public TraceTests() => EmulatedKernelImage.Write(_image);

    [Fact]
    public void LiveUpdate_IsWritten_AndItsScriptObservesTheSame()
    {
        string text = Trace(Program);
        LitmusScript script = LitmusScript.Parse("trace", text);
        Assert.Equal(2, script.Kernels);
        foreach (string line in (string[])[
            "= create_session ", "preserve_fd ", "= retrieve_session ", "= retrieve_fd ", "finish ", "add_seals ", "= memfd ", "pwrite "])
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
            Assert.Throws<KernelException>(() => device.CreateSession("a \"name\"\\"));
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

    // The minus of Swedish and other cultures is U+2212, which no script is read with.
    [Fact]
    public void Numbers_AreWritten_AsScriptsAreRead_InAnyCulture()
    {
        CultureInfo before = CultureInfo.CurrentCulture;
        var culture = (CultureInfo)CultureInfo.InvariantCulture.Clone();
        culture.NumberFormat.NegativeSign = "\u2212";
        string text;
        try
        {
            CultureInfo.CurrentCulture = culture;
            Assert.Equal("\u22121", $"{-1}");
            text = Trace(static kernel =>
            {
                using Memfd memory = Memfd.Create(kernel, "memory", 4096);
                Assert.Equal(4096 - 5, kernel.LSeek(memory.Handle, -5, SeekOrigin.End));
                Assert.Equal(-(int)Errno.EINVAL, kernel.LSeek(memory.Handle, -6, (SeekOrigin)9));
                Assert.Equal(-(int)Errno.EINVAL, kernel.FTruncate(memory.Handle, -7));
                Assert.Equal(-(int)Errno.EINVAL, kernel.FAllocate(memory.Handle, 0, -8, -9));
                Assert.Equal(-(int)Errno.EINVAL, kernel.PRead(memory.Handle, new byte[1], -10));
                Assert.Equal(-(int)Errno.EINVAL, kernel.PWrite(memory.Handle, [1], -11));
                Assert.True(kernel.MMap(4096, 0, 1, memory.Handle, -4097) < 0);
                Assert.True(kernel.MAdvise(0, 1, -12) < 0);
                Assert.True(kernel.Fcntl(memory.Handle, -13) < 0);
                return 0;
            });
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }

        foreach (string line in (string[])[
            "lseek m1 -5 END => 4091", "lseek m1 -6 ", "truncate m1 -7 => EINVAL", "fallocate m1 0x0 -8 -9 => EINVAL",
            "pread m1 -10 1", "pwrite m1 -11 1 => EINVAL", "from offset -4097 on", "madvise -12 of", "fcntl m1 -13 "])
        {
            Assert.Contains(line, text, StringComparison.Ordinal);
        }

        Assert.DoesNotContain('\u2212', text);
        Assert.Contains(LitmusScript.Parse("trace", text).Lines, static line => line.Expected is not null);
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
