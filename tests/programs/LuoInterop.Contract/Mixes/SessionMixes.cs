using System.Reflection;
using System.Runtime.CompilerServices;
using LuoInterop.Litmus;
using Xunit;

namespace LuoInterop.Contract.Mixes;

/// <summary>Mixes kernel objects, threads and processes so that an empty block of sessions is left,
/// and then reboots through the library.</summary>
/// <remarks>
/// Each begins with 51 open sessions, of which each create that fails for its name leaves an empty block, and each ends with a jump: the
/// next kernel must come up and hold all of them. The same bodies run on the emulated kernel and on Linux.
/// </remarks>
public static class SessionMixes
{
    public const int Sessions = 51;

    public static IReadOnlyList<string> Names { get; } =
        [.. typeof(SessionMixes).GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly)
            .Where(static method => method.GetParameters() is [{ ParameterType.Name: nameof(MixMachine) }])
            .Select(static method => method.Name).Order(StringComparer.Ordinal)];

    /// <summary>Makes the sessions, runs a mix, and so jumps.</summary>
    public static void Perform(string name, MixMachine machine)
    {
        ArgumentNullException.ThrowIfNull(machine);
        using (LiveUpdateDevice device = LiveUpdateDevice.Open(machine.Kernel))
        {
            for (int i = 0; i < Sessions; i++)
            {
                device.CreateSession($"s{i}").HoldUntilKexec();
            }
        }

        try
        {
            typeof(SessionMixes).GetMethod(name)!.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [machine], null);
        }
        finally
        {
            machine.EndOthers();
        }
    }

    /// <summary>Ends every session in the next kernel, and so asserts that all of them are there.</summary>
    public static void Verify(Kernel kernel)
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(kernel);
        for (int i = 0; i < Sessions; i++)
        {
            using LiveUpdateSession session = device.RetrieveSession($"s{i}");
            session.Finish();
        }
    }

    /// <summary>The device is open through a wrapper that could not settle; the image belongs to the plain kernel.</summary>
    public static void DeviceOfAWrapper_ImageOfThePlainKernel(MixMachine machine)
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(new ForgetfulKernel(machine.Kernel));
        Assert.Contains("empty block", Refused.With(Errno.EEXIST, () => device.CreateSession("s7")).Message, StringComparison.Ordinal);
        machine.Load(machine.Kernel).Reboot();
    }

    /// <summary>The same, with the device closed since.</summary>
    public static void ClosedDeviceOfAWrapper_ImageOfThePlainKernel(MixMachine machine)
    {
        using (LiveUpdateDevice device = LiveUpdateDevice.Open(new ForgetfulKernel(machine.Kernel)))
        {
            Refused.With(Errno.EEXIST, () => device.CreateSession("s7"));
        }

        machine.Load(machine.Kernel).Reboot();
    }

    /// <summary>The device is open through the plain kernel; the image belongs to a wrapper of a wrapper.
    /// Where that cannot settle the jump is refused.</summary>
    public static void DeviceOfThePlainKernel_ImageOfAWrapper(MixMachine machine)
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(machine.Kernel);
        Refused.With(Errno.EEXIST, machine.Kernel.Ioctl(device.Handle, RawIoctl.CreateSession, RawIoctl.Named("s7")));
        var wrapper = new ForgetfulKernel(machine.Kernel);
        KexecImage image = machine.Load(new TracingKernel(wrapper, TextWriter.Null));
        Refused.With(Errno.EMFILE, image.Reboot);
        wrapper.Refuses = false;
        image.Reboot();
    }

    /// <summary>The device's object is lost while its descriptor is open, after a block was left past the library.</summary>
    public static void DeviceLostToTheCollector(MixMachine machine)
    {
        Lose(machine.Kernel);
        GC.Collect();
        machine.Load(machine.Kernel).Reboot();

        [MethodImpl(MethodImplOptions.NoInlining)]
        static void Lose(Kernel kernel)
        {
            LiveUpdateDevice device = LiveUpdateDevice.Open(new TracingKernel(kernel, TextWriter.Null));
            Refused.With(Errno.EEXIST, kernel.Ioctl(device.Handle, RawIoctl.CreateSession, RawIoctl.Named("s7")));
        }
    }

    /// <summary>Another process leaves a block and closes the device.</summary>
    public static void AnotherProcess_LeavesABlock(MixMachine machine)
    {
        OtherProcess other = machine.StartOther();
        Assert.Equal(
            [Errno.None, Errno.EEXIST, Errno.None],
            new[] { OtherProcess.Open, OtherProcess.LeaveBlock, OtherProcess.Close }.Select(other.Obey));
        machine.Load(machine.Kernel).Reboot();
    }

    /// <summary>Another process has left a block, and still holds the device.</summary>
    public static void AnotherProcess_HoldsTheDevice(MixMachine machine)
    {
        OtherProcess other = machine.StartOther();
        Assert.Equal([Errno.None, Errno.EEXIST], new[] { OtherProcess.Open, OtherProcess.LeaveBlock }.Select(other.Obey));
        KexecImage traced = machine.Load(new TracingKernel(machine.Kernel, TextWriter.Null));
        KexecImage image = machine.Load(machine.Kernel);
        KernelException error = Refused.With(Errno.EBUSY, image.Reboot);
        Assert.Contains(nameof(KexecRebootOptions.DeviceHeldElsewhere), error.Message, StringComparison.Ordinal);
        Refused.With(Errno.EBUSY, traced.Reboot);
        Assert.Equal(Errno.None, other.Obey(OtherProcess.Close));
        image.Reboot();
    }

    /// <summary>Another process holds the device, and the caller says that it creates nothing.</summary>
    public static void AnotherProcess_HoldsTheDevice_AndMay(MixMachine machine)
    {
        Assert.Equal(Errno.None, machine.StartOther().Obey(OtherProcess.Open));
        machine.Load(machine.Kernel).Reboot(KexecRebootOptions.DeviceHeldElsewhere);
    }

    /// <summary>Another process leaves blocks without pause, until the jump.</summary>
    public static void AnotherProcess_LeavesBlocksWithoutPause(MixMachine machine)
    {
        Assert.Equal(Errno.None, machine.StartOther().Obey(OtherProcess.Storm));
        KexecImage image = machine.Load(machine.Kernel);
        while (true)
        {
            try
            {
                image.Reboot();
            }
            catch (KernelException error) when (error.Errno == Errno.EBUSY)
            {
                // Refused while the other has the device, and for nothing else.
            }
        }
    }

    /// <summary>Threads open, create and dispose through plain and wrapped kernels without pause,
    /// while others reboot with several images.</summary>
    public static void Threads_OpenCreateAndDispose(MixMachine machine)
    {
        Kernel[] kernels = [machine.Kernel, new TracingKernel(machine.Kernel, TextWriter.Null), new ForgetfulKernel(machine.Kernel)];
        KexecImage[] images = [machine.Load(kernels[0]), machine.Load(kernels[1])];
        LiveUpdateDevice? shared = null;
        Exception? fault = null;
        var stop = new CancellationTokenSource();
        Thread[] workers = [.. kernels.Select(kernel => Start(() => Work(kernel)))];
        Thread[] reboots = [.. images.Select(image => Start(() => Reboot(image)))];
        Array.ForEach(reboots, static thread => thread.Join());
        stop.Cancel();
        Array.ForEach(workers, static thread => thread.Join());
        throw fault ?? new InvalidOperationException("No thread ended by the jump.");

        void Work(Kernel kernel)
        {
            while (!stop.IsCancellationRequested)
            {
                try
                {
                    // Whoever opened it, any thread creates through it and disposes it.
                    shared ??= LiveUpdateDevice.Open(kernel);
                    LiveUpdateDevice? device = shared;
                    device?.CreateSession("s7");
                }
                catch (Exception error) when (error is KernelException { Errno: Errno.EEXIST or Errno.EBUSY } or ObjectDisposedException)
                {
                    // What such a mix gets.
                }

                shared?.Dispose();
                shared = null;
            }
        }

        // Returns by the jump only: on Linux not at all.
        void Reboot(KexecImage image)
        {
            Thread.Sleep(100);
            image.Reboot(KexecRebootOptions.ReplacedImage);
        }

        Thread Start(Action body)
        {
            var thread = new Thread(() =>
            {
                try
                {
                    body();
                }
                catch (Exception error) when (Interlocked.CompareExchange(ref fault, error, null) is null || machine.IsJump(error))
                {
                    // The first is what the mix ends with; the others end by the same jump.
                }
            });
            thread.Start();
            return thread;
        }
    }
}
