using System.Runtime.InteropServices;
using LuoInterop.Interop;
using LuoInterop.Kvm;
using LuoInterop.Kvm.Interop;
using LuoInterop.Tests.Support;
using Microsoft.Win32.SafeHandles;

namespace LuoInterop.Tests.Lifetimes;

/// <summary>Proves that between the kernel's answer and the owner's taking it no byte is allocated,
/// wherever a kernel gives a descriptor.</summary>
/// <remarks>So no failure to allocate can lose a descriptor: what needs memory needs it before the kernel is asked.</remarks>
public sealed class DescriptorOwnershipTests : IDisposable
{
    private readonly GivingKernel _kernel = new();
    private readonly LiveUpdateDevice _device;
    private readonly LiveUpdateSession _incoming;

    public DescriptorOwnershipTests()
    {
        _device = LiveUpdateDevice.Open(_kernel);
        _incoming = _device.RetrieveSession("incoming");
    }

    public static TheoryData<string> Calls => [.. s_calls.Keys];

    private static readonly Dictionary<string, (int Descriptors, Action<DescriptorOwnershipTests> Call)> s_calls = new()
    {
        ["LiveUpdateDevice.Open"] = (1, static t => LiveUpdateDevice.Open(t._kernel).Dispose()),
        ["LiveUpdateDevice.TryOpen"] = (1, static t =>
        {
            Assert.True(LiveUpdateDevice.TryOpen(t._kernel, out LiveUpdateDevice? device, out _));
            device.Dispose();
        }),
        ["CreateSession of a name"] = (1, static t => t._device.CreateSession("created").Abort()),
        ["CreateSession of an object"] = (1, static t =>
        {
            var session = new LiveUpdateSession(t._kernel, "created");
            t._device.CreateSession(session);
            session.Abort();
        }),
        ["CreateSession of a taken name"] = (1, static t =>
        {
            t._kernel.IsTaken = true;
            Assert.Throws<KernelException>(() => t._device.CreateSession("taken"));
        }),
        ["RetrieveSession of a name"] = (1, static t => End(t._device.RetrieveSession("retrieved"))),
        ["RetrieveSession of an object"] = (1, static t =>
        {
            var session = new LiveUpdateSession(t._kernel, "retrieved");
            t._device.RetrieveSession(session);
            End(session);
        }),
        ["TryRetrieveSession of a name"] = (1, static t =>
        {
            Assert.True(t._device.TryRetrieveSession("retrieved", out LiveUpdateSession? session));
            End(session);
        }),
        ["TryRetrieveSession of an object"] = (1, static t =>
        {
            var session = new LiveUpdateSession(t._kernel, "retrieved");
            Assert.True(t._device.TryRetrieveSession(session));
            End(session);
        }),
        ["RetrieveFile"] = (1, static t => t._incoming.RetrieveFile(1).Dispose()),
        ["RetrieveFile into a handle"] = (1, static t =>
        {
            using var file = new KernelHandle(t._kernel);
            t._incoming.RetrieveFile(1, file);
        }),
        ["RetrieveMemfd"] = (1, static t => t._incoming.RetrieveMemfd(1).Dispose()),
        ["Memfd.Create"] = (1, static t => Memfd.Create(t._kernel, "memfd", 4096).Dispose()),
        ["KexecImage.Load"] = (2, static t => KexecImage.Load(t._kernel, "/kernel", "/initrd", "liveupdate=on")),
        ["KexecImage.IsLoaded"] = (1, static t => KexecImage.IsLoaded(t._kernel)),
        ["KexecImage.Reboot"] = (1, static t =>
            Assert.Throws<KernelException>(KexecImage.Load(t._kernel, "/kernel", null, "liveupdate=on").Reboot)),
        ["KvmDevice.Open"] = (1, static t => KvmDevice.Open(t._kernel).Dispose()),
        ["KvmDevice.CreateVm"] = (2, static t =>
        {
            using KvmDevice device = KvmDevice.Open(t._kernel);
            device.CreateVm().Dispose();
        }),
        ["KvmVm.CreateGuestMemfd"] = (3, static t =>
        {
            using KvmDevice device = KvmDevice.Open(t._kernel);
            using KvmVm vm = device.CreateVm();
            vm.CreateGuestMemfd(4096).Dispose();
        }),
        ["KvmVm.CreateVcpu"] = (3, static t =>
        {
            using KvmDevice device = KvmDevice.Open(t._kernel);
            using KvmVm vm = device.CreateVm();
            vm.CreateVcpu().Dispose();
        }),
        ["A whole file"] = (1, static t => KernelFile.Read(t._kernel, "/file", 4096, out _)),
    };

    [Theory]
    [MemberData(nameof(Calls))]
    public void Descriptor_IsOwned_BeforeAnythingIsAllocated(string call)
    {
        (int descriptors, Action<DescriptorOwnershipTests> action) = s_calls[call];

        // The first time code is compiled and types are made, which allocates where nothing will later.
        action(this);
        _kernel.Begin();
        action(this);
        Assert.True(_kernel.Given >= descriptors, $"{_kernel.Given} descriptors were given.");
        Assert.Equal(0, _kernel.WithoutOwner);
        Assert.Equal(0, _kernel.MostAllocated);
    }

    public void Dispose()
    {
        End(_incoming);
        _device.Dispose();
        _kernel.Dispose();
    }

    private static void End(LiveUpdateSession session)
    {
        session.Finish();
        session.Dispose();
    }

    /// <summary>Grants everything with copies of one host file,
    /// and measures what is allocated until somebody owns or closes each.</summary>
    private sealed class GivingKernel : ScriptedHost, IDisposable
    {
        private readonly Memfd _file = Memfd.Create(Linux, "given", 4096);
        private readonly long[] _allocatedAt = new long[1024];
        private readonly bool[] _isWithoutOwner = new bool[1024];

        /// <summary>Gets or sets whether the next name is taken.</summary>
        public bool IsTaken { get; set; }

        public int Given { get; private set; }

        public long MostAllocated { get; private set; }

        public int WithoutOwner => _isWithoutOwner.Count(static without => without);

        public void Begin()
        {
            Given = 0;
            MostAllocated = 0;
        }

        public void Dispose() => _file.Dispose();

        public override int Open(string path, int flags, uint mode = 0) => Give();

        public override int MemfdCreate(string name, uint flags) => Give();

        public override int KexecFileLoad(SafeHandle? kernel, SafeHandle? initrd, string commandLine, uint flags) => 0;

        public override int Reboot(uint command) => -(int)Errno.EINVAL;

        public override int Close(int fd)
        {
            Take(fd);
            return base.Close(fd);
        }

        public override int Ioctl(SafeHandle file, uint request, nint argument) => request switch
        {
            KvmHeader.KVM_GET_API_VERSION => KvmHeader.KVM_API_VERSION,
            KvmHeader.KVM_GET_VCPU_MMAP_SIZE => 4096,
            KvmHeader.KVM_CREATE_VM or KvmHeader.KVM_CREATE_VCPU or KvmHeader.KVM_CREATE_GUEST_MEMFD => Give(),
            _ => 0,
        };

        public override int Ioctl(SafeHandle file, uint request, Span<byte> argument)
        {
            if (request == LiveUpdateHeader.LIVEUPDATE_IOCTL_CREATE_SESSION && IsTaken)
            {
                IsTaken = false;
                return -(int)Errno.EEXIST;
            }

            if (request is LiveUpdateHeader.LIVEUPDATE_IOCTL_CREATE_SESSION or LiveUpdateHeader.LIVEUPDATE_IOCTL_RETRIEVE_SESSION
                or LiveUpdateHeader.LIVEUPDATE_SESSION_RETRIEVE_FD)
            {
                // All three have the descriptor after the size.
                MemoryMarshal.Cast<byte, int>(argument)[1] = Give();
            }

            return 0;
        }

        internal override void Owned(SafeHandle handle) => Take((int)handle.DangerousGetHandle());

        private int Give()
        {
            int fd = Linux.Fcntl(_file.Handle, FcntlHeader.F_DUPFD_CLOEXEC);
            Given++;
            _isWithoutOwner[fd] = true;
            _allocatedAt[fd] = GC.GetAllocatedBytesForCurrentThread();
            return fd;
        }

        private void Take(int fd)
        {
            if (_isWithoutOwner[fd])
            {
                MostAllocated = Math.Max(MostAllocated, GC.GetAllocatedBytesForCurrentThread() - _allocatedAt[fd]);
                _isWithoutOwner[fd] = false;
            }
        }
    }
}
