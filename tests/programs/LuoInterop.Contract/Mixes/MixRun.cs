using LuoInterop.VmTesting;

namespace LuoInterop.Contract.Mixes;

/// <summary>Runs a mix in each kernel of a VM; the next one shows that all sessions arrived.</summary>
public static class MixRun
{
    public const string Word = "mixes";

    public static int Run(Guest guest)
    {
        ArgumentNullException.ThrowIfNull(guest);
        if (guest.Stage > 1)
        {
            SessionMixes.Verify(Kernel.Linux);
            guest.Report(SessionMixes.Names[guest.Stage - 2], GuestOutcome.Passed);
        }

        if (guest.Stage > SessionMixes.Names.Count)
        {
            return 0;
        }

        string name = SessionMixes.Names[guest.Stage - 1];
        try
        {
            SessionMixes.Perform(name, new MixMachine(Kernel.Linux, Load, static () => new LinuxProcess(), static _ => false));
            throw new InvalidOperationException("The mix ended without a jump.");
        }
        catch (Exception error)
        {
            guest.Report(name, GuestOutcome.Failed, error.ToString());
            throw;
        }

        KexecImage Load(Kernel kernel)
        {
            KexecImage image = KexecImage.Load(kernel, guest.NextKernelImagePath, Guest.InitrdPath, guest.NextCommandLine);
            Guest.Flush();
            return image;
        }
    }
}
