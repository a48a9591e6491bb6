using LuoInterop.Emulation;
using LuoInterop.Emulation.Boot;

namespace LuoInterop.Faults.Tests;

/// <summary>Lets every single fault meet a VMM whose guest_memfd goes over a kexec: afterwards a further run ends well,
/// and nothing is left.</summary>
public sealed class GuestSweepTests : IDisposable
{
    private static readonly string[] s_files = ["/memfd:luointerop-kvm-gmem (deleted)", "/memfd:luointerop-kvm-vcpu (deleted)"];

    private readonly string _image = Path.Combine(AppContext.BaseDirectory, "next-guest-kernel.img");
    private readonly KernelFootprint _sound;

    public GuestSweepTests()
    {
        EmulatedKernelImage.Write(_image, GuestVmm.Release);

        using var machine = new EmulatedMachine(Options);
        Assert.Equal(0, Run(machine));
        _sound = KernelFootprint.Of(machine.Kernel.Running);
        Assert.Equal((0, 0), (_sound.Folios, _sound.PreservedFiles));
    }

    private static EmulatedMachineOptions Options => new() { Release = GuestVmm.Release, MemorySize = 256 << 20 };

    [Fact]
    public void Death_AtEveryCall() =>
        Sweep(Count(static faults => faults.CountCalls()), 40, static (faults, n) => faults.KillProcess(nth: n));

    [Fact]
    public void PowerCut_AtEveryCall() =>
        Sweep(Count(static faults => faults.CountCalls()), 40, static (faults, n) => faults.CutPower(nth: n));

    [Fact]
    public void EveryAllocation() =>
        Sweep(Count(static faults => faults.CountAllocations()), 50, static (faults, n) => faults.FailAllocation(nth: n));

    [Theory]
    [InlineData(Errno.ENOMEM)]
    [InlineData(Errno.EPERM)]
    [InlineData(Errno.EINTR)]
    public void EveryCall_Refused(Errno errno) =>
        Sweep(Count(static faults => faults.CountCalls()), 40, (faults, n) => faults.FailCall(KernelCall.Any, errno, n));

    [Fact]
    public void EveryHandler()
    {
        FileOperation[] operations = Enum.GetValues<FileOperation>();
        Sweep(
            operations.Length * 2,
            6,
            (faults, n) =>
                faults.FailHandler(operations[(n - 1) / 2], Errno.EIO, token: n % 2 == 0 ? GuestVmm.VmToken : GuestVmm.MemoryToken));
    }

    public void Dispose() => File.Delete(_image);

    // What a whole run meets, the first kernel's boot apart.
    private long Count(Func<FaultInjection, long> count)
    {
        using var machine = new EmulatedMachine(Options);
        machine.Boot();
        long before = count(machine.Faults);
        Assert.Equal(0, Run(machine));
        return count(machine.Faults) - before;
    }

    private void Sweep(long faults, long atLeast, Func<FaultInjection, int, InjectedFault> arm)
    {
        Assert.True(faults >= atLeast, $"{faults} faults");
        for (int n = 1; n <= faults; n++)
        {
            int open = Open();
            using (var machine = new EmulatedMachine(Options))
            {
                machine.Boot();
                InjectedFault fault = arm(machine.Faults, n);
                Exception? error = Record.Exception(() => Run(machine));
                Assert.True(
                    error is null or KernelException or EmulatedKernelPanicException or InvalidDataException, $"{fault}\n{error}");
                Assert.True(fault.HasFired, fault.ToString());
                machine.Faults.Clear();
                if (Record.Exception(() => Run(machine)) is { } again)
                {
                    // A kernel that could not read what was handed over, or is without LUO, stays so until the next boot.
                    Assert.True(again is KernelException { Errno: Errno.EIO or Errno.ENOENT }, $"{fault}\n{error}\n{again}");
                    EmulatedProcess administrator = machine.Kernel.StartProcess();
                    Assert.Throws<EmulatedRebootException>(() => administrator.Reboot(0x01234567));
                    Assert.Equal(0, Run(machine));
                }

                KernelFootprint left = KernelFootprint.Of(machine.Kernel.Running);
                Assert.True((left.Folios, left.PreservedFiles) == (0, 0), $"{fault}\n{left}");
                Assert.True(left == _sound, $"{fault}\n{error}\n{left} in place of {_sound}");
            }

            Assert.True(open == Open(), $"fault {n} left descriptors open");
        }
    }

    private int Run(EmulatedMachine machine)
    {
        int code;
        do
        {
            code = machine.Run(kernel => new GuestVmm((EmulatedProcess)kernel, _image).Run());
        }
        while (code == 1);
        return code == 137 ? Run(machine) : code;
    }

    private static int Open() => Directory.GetFiles("/proc/self/fd").Count(static path => s_files.Contains(new FileInfo(path).LinkTarget));
}
