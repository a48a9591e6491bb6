using System.CommandLine;
using LuoInterop;
using LuoInterop.Demo;
using LuoInterop.Emulation;
using LuoInterop.Litmus;
using LuoInterop.VmTesting;

var on = new Option<string>("--on") { Description = "Where to run: 'emulated' (any host), 'vm' (Linux 7.3 in QEMU) or 'linux' (this "
    + "machine, which then kexecs!).", DefaultValueFactory = static _ => "emulated" };
on.AcceptOnlyFromAmong("emulated", "vm", "linux");
var ram = new Option<int>("--ram") { Description = "Guest RAM in MiB.", DefaultValueFactory = static _ => 512 };
ram.Validators.Add(static result =>
{
    // A default has no token; what is no number the parser refuses by itself.
    if (result.Tokens is [var token] && int.TryParse(token.Value, out int mib) && mib is < 1 or > 1 << 20)
    {
        result.AddError("--ram takes 1 to 1048576 (MiB).");
    }
});
var image = new Option<string?>("--image") { Description = "With --on linux: the kernel image to start." };
var initrd = new Option<string?>("--initrd") { Description = "With --on linux: its initial RAM disk, which must start this program "
    + "again." };
var commandLine = new Option<string?>("--cmdline") { Description = "With --on linux: its command line; by default the running "
    + "kernel's, without what that added itself." };
var json = new Option<bool>("--json") { Description = "Print one JSON document instead of text." };
var trace = new Option<string?>("--trace") { Description = "With --on emulated or linux: write what the program did as a litmus "
    + "script to this file (luoctl replay runs it)." };
var root = new RootCommand("Shows memory that survives a kernel update: fills a guest's RAM, kexecs, takes it back by name, verifies "
    + "every byte.")
{
    on, ram, image, initrd, commandLine, json, trace,
};
root.SetAction(async (arguments, cancellation) =>
{
    long ramSize = (long)arguments.GetValue(ram) << 20;
    bool asJson = arguments.GetValue(json);
    try
    {
        using StreamWriter? script = arguments.GetValue(trace) is { } path ? new StreamWriter(path) : null;
        return arguments.GetValue(on) switch
        {
            "vm" => await VmDemo.RunAsync(ramSize, asJson, cancellation),
            "linux" => OnLinux(
                ramSize, asJson, script, arguments.GetValue(image), arguments.GetValue(initrd), arguments.GetValue(commandLine)),
            _ => OnEmulatedKernel(ramSize, asJson, script),
        };
    }
    catch (OperationCanceledException)
    {
        Console.Error.WriteLine("luo-demo: interrupted; the VM is gone, nothing is left running.");
        return 130;
    }
    catch (Exception error) when (error is IOException or UnauthorizedAccessException or VmSetupException or ArgumentException)
    {
        Console.Error.WriteLine($"luo-demo: {error.Message}");
        return 2;
    }
});
return await root.Parse(args).InvokeAsync();

static Kernel Traced(Kernel kernel, TextWriter? script) => script is null ? kernel : new TracingKernel(kernel, script);

static int OnEmulatedKernel(long ramSize, bool json, TextWriter? script)
{
    string image = Path.GetTempFileName();
    try
    {
        EmulatedKernelImage.Write(image, "7.3.4-emulated");
        using var machine = new EmulatedMachine();
        var next = new NextKernel(image, null, "kho=on liveupdate=on");
        return machine.Run(kernel => new LiveUpdateProgram(Traced(kernel, script), ramSize, next, Console.Out, json).Run());
    }
    finally
    {
        File.Delete(image);
    }
}

static int OnLinux(long ramSize, bool json, TextWriter? script, string? image, string? initrd, string? commandLine)
{
    if (Guest.IsInside)
    {
        // In a VM of the harness: the next kernel is the same one, and the host sees what is printed.
        using Guest guest = Guest.Open();
        var inVm = new NextKernel(guest.NextKernelImagePath, Guest.InitrdPath, guest.NextCommandLine);
        return new LiveUpdateProgram(Traced(Kernel.Linux, script), ramSize, inVm, new GuestOutput(Console.Out), json).Run();
    }

    var next = new NextKernel(
        image ?? throw new ArgumentException("--on linux needs --image, the kernel to start. To try it without a reboot use --on vm "
            + "or --on emulated."),
        initrd,
        commandLine ?? KernelCommandLine.Reuse(Kernel.Linux));
    return new LiveUpdateProgram(Traced(Kernel.Linux, script), ramSize, next, Console.Out, json).Run();
}
