using System.Security.Cryptography;
using LuoInterop.VmTesting;

// The payload of the harness's own tests, and, as "host", a process that runs a VM in order to be killed.
switch (args)
{
    case ["stages", var last]:
        RunStages(int.Parse(last, System.Globalization.CultureInfo.InvariantCulture));
        return 0;
    case ["host", var kernel, var temp]:
        return await RunHostAsync(kernel, temp);
    default:
        Console.Error.WriteLine("usage: stages LAST | host KERNEL TEMP");
        return 2;
}

static async Task<int> RunHostAsync(string kernel, string temp)
{
    try
    {
        VmResult result = await VirtualMachine.RunAsync(new VmOptions
        {
            Kernel = KernelBuild.FromFolder(kernel),
            Command = ["/bin/sh", "-c", "echo payload runs; sleep 600"],
            WorkingFolder = "/",
            TempFolder = temp,
            Accelerator = VmAccelerator.Tcg,
            Started = process => Console.WriteLine($"started {process.QemuProcessId} {process.SupervisorProcessId} {process.RunFolder}"),
            Output = line => Console.WriteLine($"{line.Source}: {line.Text}"),
        });
        Console.WriteLine(result);
        return 0;
    }
    catch (VmSetupException e)
    {
        Console.Error.WriteLine(e.Message);
        return 3;
    }
}

// [docs:payload]
static void RunStages(int last)
{
    using Guest guest = Guest.Open();
    Console.WriteLine($"stage {guest.Stage} runs");
    guest.Value("release", Environment.OSVersion.Version.ToString());
    guest.Report("liveupdate.device", File.Exists("/dev/liveupdate") ? GuestOutcome.Passed : GuestOutcome.Failed);
    if (guest.Stage < last)
    {
        guest.KexecFileLoad();
        Console.Write("last words");
        Guest.Kexec();
    }

    byte[] content = RandomNumberGenerator.GetBytes(1_000_000);
    guest.Value("sha256", Convert.ToHexString(SHA256.HashData(content)));
    guest.SendFile("random.bin", new MemoryStream(content));
    guest.Event("last stage is done");
}
// [docs:end]
