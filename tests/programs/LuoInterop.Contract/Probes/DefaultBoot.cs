using System.Diagnostics;
using System.Runtime.InteropServices;
using LuoInterop.Tests.Shared;
using Microsoft.Win32.SafeHandles;
using Xunit;

namespace LuoInterop.Contract.Probes;

/// <summary>Probes of a kernel with KHO and LUO on.</summary>
public static partial class DefaultBoot
{
    private const string NoExecSetting = "/proc/sys/vm/memfd_noexec";
    private const string HugePagesSetting = "/proc/sys/vm/nr_hugepages";
    private const string ThpSetting = "/sys/kernel/mm/transparent_hugepage/shmem_enabled";

    /// <summary>A user who may not open the node is told so; the device is not harmed.</summary>
    public static void Device_WithoutPermission_SaysSo()
    {
        // setfsuid is per thread, so a thread of its own stands for another user.
        LiveUpdateAvailability? availability = null;
        int userBefore = -1;
        int userDuring = -1;
        var thread = new Thread(() =>
        {
            userBefore = FileSystemUser.setfsuid(65534);
            LiveUpdateDevice.TryOpen(Kernel.Linux, out _, out availability);
            userDuring = FileSystemUser.setfsuid(0);
        });
        thread.Start();
        thread.Join();
        Assert.Equal((0, 65534), (userBefore, userDuring));
        Assert.Equal((LiveUpdateUnavailableReason.NoPermission, Errno.EACCES), (availability!.Reason, availability.Errno));
        Assert.Contains("root", availability.Advice, StringComparison.Ordinal);
        LiveUpdateDevice.Open(Kernel.Linux).Dispose();
    }

    /// <summary>A busy device names who holds it.</summary>
    public static void Device_HeldByAnotherProcess_NamesIt()
    {
        using Process holder = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", "exec 3<>/dev/liveupdate; echo open; read line"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        Assert.Equal("open", holder.StandardOutput.ReadLine());
        KernelException error = Assert.Throws<KernelException>(() => LiveUpdateDevice.Open(Kernel.Linux));
        Assert.Equal(Errno.EBUSY, error.Errno);
        Assert.Contains($"(pid {holder.Id})", error.Message, StringComparison.Ordinal);
        holder.StandardInput.Close();
        holder.WaitForExit();
        LiveUpdateDevice.Open(Kernel.Linux).Dispose();
    }

    /// <summary>The end of a process closes its outgoing sessions: the name is free again.</summary>
    public static void Process_End_DropsItsSessions()
    {
        const string Name = "child-session";
        using Process child = Process.Start(new ProcessStartInfo("dotnet", [typeof(DefaultBoot).Assembly.Location, ChildWord, Name])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        Assert.Equal("preserved", child.StandardOutput.ReadLine());
        using LiveUpdateDevice device = LiveUpdateDevice.Open(Kernel.Linux);
        Refused.With(Errno.EEXIST, () => device.CreateSession(Name));
        child.Kill();
        child.WaitForExit();
        device.CreateSession(Name).Dispose();
    }

    /// <summary>vm.memfd_noexec=1 seals memfds by default; those made for preservation ask for MFD_EXEC and stay writable.</summary>
    public static void Memfd_UnderNoExec1_IsNotSealed()
    {
        using var setting = new SystemSetting(NoExecSetting, "1");
        using Memfd preservable = Memfd.Create(Kernel.Linux, "default", 4096);
        Assert.Equal((MemfdSeals.None, 0x81FFu), (preservable.Seals, preservable.Status.Mode));
        using Memfd system = Memfd.Create(Kernel.Linux, "system", 4096, new MemfdOptions { Executable = MemfdExecutable.SystemDefault });
        Assert.Equal(MemfdSeals.Exec, system.Seals);
        Assert.Equal(PreservabilityRule.ExecSeal, system.Preservability.Rule);
    }

    /// <summary>vm.memfd_noexec=2 refuses executable memfds; the error says what that means for preservation.</summary>
    public static void Memfd_UnderNoExec2_IsRefusedWithTheReason()
    {
        using var setting = new SystemSetting(NoExecSetting, "2");
        KernelException error = Refused.With(Errno.EACCES, () => Memfd.Create(Kernel.Linux, "default", 4096).Dispose());
        Assert.Contains("vm.memfd_noexec=2", error.Message, StringComparison.Ordinal);
    }

    /// <summary>A huge-page memfd works as memory, and is refused by the kernel (ENOENT) as Preservability says.</summary>
    public static void HugeTlbMemfd_IsNotPreservable()
    {
        using var setting = new SystemSetting(HugePagesSetting, "4");
        using Memfd memfd = Memfd.Create(Kernel.Linux, "huge", 4 << 20, new MemfdOptions { HugePageSize = 2 << 20 });
        using (MemfdMapping mapping = memfd.Map())
        {
            mapping.GetSpan(3 << 20, 1)[0] = 42;
        }

        Assert.Equal(PreservabilityRule.HugePages, memfd.Preservability.Rule);
        using LiveUpdateDevice device = LiveUpdateDevice.Open(Kernel.Linux);
        using LiveUpdateSession session = device.CreateSession("huge");
        Refused.With(Errno.ENOENT, () => session.Preserve(memfd, 1));
    }

    /// <summary>With transparent huge pages advised a populated memfd really has folios of 2 MiB, and is preserved.</summary>
    public static void AdvisedHugePages_MakeHugeFolios()
    {
        using var setting = new SystemSetting(ThpSetting, "advise");
        using Memfd memfd = Memfd.Create(Kernel.Linux, "thp", 16 << 20);
        using MemfdMapping mapping = memfd.Map();
        mapping.AdviseHugePages();
        mapping.Populate();
        Assert.Contains("ShmemPmdMapped:    16384 kB", File.ReadAllText("/proc/self/smaps"), StringComparison.Ordinal);
        using LiveUpdateDevice device = LiveUpdateDevice.Open(Kernel.Linux);
        LiveUpdateSession session = device.CreateSession("thp");
        session.Preserve(memfd, 1);
        session.Abort();
    }

    /// <summary>A preserve allocates nothing on the managed heap.</summary>
    public static void Preserve_AllocatesNothing()
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(Kernel.Linux);
        LiveUpdateSession session = device.CreateSession("sixty-four");
        Memfd[] memfds = [.. Enumerable.Range(0, 64).Select(static _ => Memfd.Create(Kernel.Linux, "small", 4096))];
        session.Preserve(memfds[0], 0);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 1; i < memfds.Length; i++)
        {
            session.Preserve(memfds[i], (ulong)i);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        session.HoldUntilKexec();
        Array.ForEach(memfds, static memfd => memfd.Dispose());
    }

    /// <summary>A process without descriptors to spare gets EMFILE, before the name is looked at, and nothing is created.</summary>
    public static void Create_WithoutDescriptors_EMFILE()
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(Kernel.Linux);
        using (DescriptorLimit.NoMore(device.Handle))
        {
            Refused.With(Errno.EMFILE, Kernel.Linux.Ioctl(device.Handle, RawIoctl.CreateSession, RawIoctl.Named("")));
            Refused.With(Errno.EMFILE, () => device.CreateSession("no-descriptor"));
            Refused.With(Errno.EMFILE, Kernel.Linux.Ioctl(device.Handle, RawIoctl.RetrieveSession, RawIoctl.Named("none")));
        }

        device.CreateSession("no-descriptor").Dispose();
    }

    /// <summary>Prepares <see cref="Retrieve_WithoutDescriptors_EMFILE_AndNotForEver"/>.</summary>
    public static void Session_WithAFile_IsHeld()
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(Kernel.Linux);
        LiveUpdateSession session = device.CreateSession("across");
        using Memfd memfd = Memfd.Create(Kernel.Linux, "across", 4096);
        Pattern.Fill(memfd, 80);
        session.Preserve(memfd, 1);
        session.HoldUntilKexec();
        Assert.True(session.IsHeld);
    }

    /// <summary>EMFILE does not stick to a token as a handler's failure does.</summary>
    [InKernel(2)]
    public static void Retrieve_WithoutDescriptors_EMFILE_AndNotForEver()
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(Kernel.Linux);
        using LiveUpdateSession session = device.RetrieveSession("across");
        using (DescriptorLimit.NoMore(session.Handle))
        {
            Refused.With(Errno.EMFILE, () => session.RetrieveMemfd(1));
        }

        using Memfd memfd = session.RetrieveMemfd(1);
        Pattern.Verify(memfd, 4096, 80);
        session.Finish();
    }

    /// <summary>Sessions created through objects that were made before allocate nothing.</summary>
    public static void Create_ThroughObjectsMadeBefore_AllocatesNothing()
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(Kernel.Linux);
        LiveUpdateSession[] sessions = MadeBefore();
        device.CreateSession(sessions[0]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 1; i < sessions.Length; i++)
        {
            device.CreateSession(sessions[i]);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Array.ForEach(sessions, static session => session.HoldUntilKexec());
    }

    /// <summary>Sessions and files that are retrieved through objects that were made before allocate nothing.</summary>
    [InKernel(2)]
    public static void Retrieve_ThroughObjectsMadeBefore_AllocatesNothing()
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(Kernel.Linux);
        LiveUpdateSession[] sessions = MadeBefore();
        device.RetrieveSession(sessions[0]);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 1; i < sessions.Length; i++)
        {
            device.RetrieveSession(sessions[i]);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Array.ForEach(sessions, static session => session.Finish());
        Array.ForEach(sessions, static session => session.Dispose());
    }

    /// <summary>A retrieve allocates the object that it returns, and nothing else;
    /// into a handle that was made before it allocates nothing.</summary>
    [InKernel(2)]
    public static void Retrieve_AllocatesOnlyWhatItReturns()
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(Kernel.Linux);
        using LiveUpdateSession session = device.RetrieveSession("sixty-four");
        var handles = new KernelHandle[64];
        handles[0] = session.RetrieveFile(0);
        long start = GC.GetAllocatedBytesForCurrentThread();
        handles[1] = new KernelHandle(Kernel.Linux);
        long one = GC.GetAllocatedBytesForCurrentThread() - start;
        start = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 2; i < handles.Length; i++)
        {
            handles[i] = session.RetrieveFile((ulong)i);
        }

        Assert.Equal(one * (handles.Length - 2), GC.GetAllocatedBytesForCurrentThread() - start);
        Array.ForEach(handles, static handle => handle.Dispose());

        handles = [.. Enumerable.Range(0, 64).Select(static _ => new KernelHandle(Kernel.Linux))];
        session.RetrieveFile(0, handles[0]);
        start = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 1; i < handles.Length; i++)
        {
            session.RetrieveFile((ulong)i, handles[i]);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - start);
        session.Finish();
        Array.ForEach(handles, static handle => handle.Dispose());
    }

    internal const string ChildWord = "child";

    /// <summary>Is the child process: preserves a memfd and waits to be killed.</summary>
    internal static int RunChild(string name)
    {
        LiveUpdateSession session;
        using (LiveUpdateDevice device = LiveUpdateDevice.Open(Kernel.Linux))
        {
            session = device.CreateSession(name);
        }

        using Memfd memfd = Memfd.Create(Kernel.Linux, "child", 4096);
        session.Preserve(memfd, 1);
        session.HoldUntilKexec();
        Console.WriteLine("preserved");
        Console.ReadLine();
        return 0;
    }

    private static LiveUpdateSession[] MadeBefore() =>
        [.. Enumerable.Range(0, 16).Select(static i => new LiveUpdateSession(Kernel.Linux, $"made-before-{i}"))];
}
