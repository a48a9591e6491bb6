using System.Diagnostics;
using LuoInterop.VmTesting;
using Xunit;

namespace LuoInterop.Contract.Probes;

/// <summary>Lets kexec-tools, another program, touch the loaded image between load and jump.</summary>
public static class KexecTools
{
    /// <summary>Shows that each of its ways is noticed, and that nothing is lost by it.</summary>
    public const string Noticed = "kexec-tools-noticed";

    /// <summary>Jumps all the same into what kexec_load(2) loaded: the control, which loses everything.</summary>
    public const string LetPass = "kexec-tools-let-pass";

    /// <summary>Loads two initial RAM disks, of which the second starts the next kernel's init.</summary>
    public const string TwoInitrds = "two-initrds";

    private const string Tool = "/usr/sbin/kexec";
    private const string Session = "kept";
    private const string SecondFile = "first-of-two";

    public static int Run(Guest guest, string variant)
    {
        ArgumentNullException.ThrowIfNull(guest);
        return guest.Stage == 1 ? Before(guest, variant) : After(guest, variant);
    }

    private static int Before(Guest guest, string variant)
    {
        using (LiveUpdateDevice device = LiveUpdateDevice.Open(Kernel.Linux))
        {
            LiveUpdateSession session = device.CreateSession(Session);
            using Memfd memfd = Memfd.Create(Kernel.Linux, Session, 4096);
            session.Preserve(memfd, 1);
            session.HoldUntilKexec();
        }

        string line = "--command-line=" + guest.NextCommandLine;
        string initrd = "--initrd=" + Guest.InitrdPath;
        string[] byKexecLoad = ["-l", "-c", guest.NextKernelImagePath, initrd, line];
        if (variant == Noticed)
        {
            string[][] ways = [byKexecLoad, [
                "-l", "-a", guest.NextKernelImagePath, initrd, line], ["-l", "-s", guest.NextKernelImagePath, initrd, line], ["-u"]];
            foreach (string[] way in ways)
            {
                KexecImage checkedImage = Load(guest);
                Assert.Equal(false, checkedImage.IsReplaced);
                RunTool(way);
                Assert.Equal(true, checkedImage.IsReplaced);
                Refused.With(way[0] == "-u" ? Errno.EINVAL : Errno.ESTALE, checkedImage.Reboot);
                guest.Event($"noticed: kexec {string.Join(' ', way.Take(2))}");
            }
        }

        KexecImage image = variant == TwoInitrds
            ? KexecImage.Load(Kernel.Linux, guest.NextKernelImagePath, [WriteFirstInitrd(), Guest.InitrdPath], guest.NextCommandLine)
            : Load(guest);
        Guest.Flush();
        if (variant == LetPass)
        {
            RunTool(byKexecLoad);
            image.Reboot(KexecRebootOptions.ReplacedImage);
        }

        image.Reboot();
        return 1;
    }

    private static int After(Guest guest, string variant)
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(Kernel.Linux);
        bool isThere = device.TryRetrieveSession(Session, out LiveUpdateSession? session);
        Assert.Equal(variant != LetPass, isThere);
        session?.Finish();
        session?.Dispose();

        // Init is process 1; its root is the one that the RAM disks were unpacked into.
        Assert.Equal(variant == TwoInitrds, File.Exists("/proc/1/root/" + SecondFile));
        guest.Event($"the session is {(isThere ? "there" : "lost")}");
        return 0;
    }

    private static KexecImage Load(Guest guest)
    {
        long started = Stopwatch.GetTimestamp();
        KexecImage image = KexecImage.Load(Kernel.Linux, guest.NextKernelImagePath, Guest.InitrdPath, guest.NextCommandLine);
        guest.Event($"loaded in {Stopwatch.GetElapsedTime(started).TotalMilliseconds:N0} ms");
        return image;
    }

    /// <summary>Writes an archive whose length is no multiple of four.</summary>
    private static string WriteFirstInitrd()
    {
        const string Path = "/dev/shm/" + SecondFile;
        using FileStream file = File.Create(Path);
        var archive = new VmTesting.Initrd.CpioWriter(file);
        archive.AddFile(SecondFile, "here"u8);
        archive.Finish();
        file.WriteByte(0);
        return Path;
    }

    private static void RunTool(params IEnumerable<string> arguments)
    {
        using Process tool = Process.Start(new ProcessStartInfo(Tool, arguments) { RedirectStandardError = true })!;
        string errors = tool.StandardError.ReadToEnd();
        tool.WaitForExit();
        Assert.True(tool.ExitCode == 0, $"{Tool} {string.Join(' ', arguments)}: {errors}");
    }
}
