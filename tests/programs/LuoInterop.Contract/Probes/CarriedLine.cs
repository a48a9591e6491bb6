using LuoInterop.VmTesting;
using Xunit;

namespace LuoInterop.Contract.Probes;

/// <summary>Carries a preserved file and the command line through many kernels that have words of their own.</summary>
public static class CarriedLine
{
    /// <summary>Is the word on the payload's command line that leads here; the number of kernels follows.</summary>
    public const string Word = "carried-line";

    private const string Session = "carried";
    private static readonly byte[] s_content = "went over"u8.ToArray();

    /// <summary>Reports the whole line and the one that is passed on in each kernel.</summary>
    public static int Run(Guest guest, int kernels)
    {
        ArgumentNullException.ThrowIfNull(guest);
        Kernel kernel = Kernel.Linux;
        string carried = KernelCommandLine.Reuse(kernel);
        guest.Value("line", kernel.CommandLine);
        guest.Value("carried", WithoutStage(carried));
        using LiveUpdateDevice device = LiveUpdateDevice.Open(kernel);
        if (guest.Stage > 1)
        {
            using LiveUpdateSession incoming = device.RetrieveSession(Session);
            using Memfd memory = incoming.RetrieveMemfd(1);
            byte[] found = new byte[s_content.Length];
            Assert.Equal(found.Length, memory.Read(0, found));
            Assert.Equal(s_content, found);
            incoming.Finish();
        }

        if (guest.Stage == kernels)
        {
            return 0;
        }

        using Memfd next = Memfd.Create(kernel, Session, s_content.Length);
        next.Write(0, s_content);
        using LiveUpdateSession session = device.CreateSession(Session);
        session.Preserve(next, 1);

        // The harness's word for the number of the kernel, which is another one in each.
        string stage = guest.NextCommandLine.Split(' ')[^1];
        KexecImage image = KexecImage.Load(kernel, guest.NextKernelImagePath, Guest.InitrdPath, $"{WithoutStage(carried)} {stage}");
        Guest.Flush();
        image.Reboot();
        return 1;
    }

    private static string WithoutStage(string line) =>
        string.Join(' ', line.Split(' ').Where(static word => !word.StartsWith("luo.stage=", StringComparison.Ordinal)));
}
