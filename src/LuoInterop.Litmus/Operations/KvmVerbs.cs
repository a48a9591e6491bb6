using LuoInterop.Kvm;
using LuoInterop.Kvm.Interop;
using LuoInterop.Litmus.Language;
using Tmds.Linux;

namespace LuoInterop.Litmus.Operations;

/// <summary>Makes virtual machines and their memory.</summary>
internal static unsafe class KvmVerbs
{
    public static IReadOnlyList<Verb> All { get; } =
    [
        new(
            "kvm",
            "NAME = kvm",
            "Opens `/dev/kvm`, close-on-exec.",
            static _ => new(static (process, target) =>
                process.Assign(target, process.Kernel.Open("/dev/kvm", LibC.O_RDWR | LibC.O_CLOEXEC)))),
        new(
            "vm",
            "NAME = vm KVM [type=N]",
            "Makes a virtual machine (KVM_CREATE_VM), of the default type unless one is given.",
            static arguments =>
            {
                string device = arguments.Descriptor();
                long type = arguments.OptionalNumber("type") ?? KvmHeader.KVM_X86_DEFAULT_VM;
                return new((process, target) => process.Find(device) is { } handle
                    ? process.Assign(target, process.Kernel.Ioctl(handle, KvmHeader.KVM_CREATE_VM, (nint)type))
                    : LitmusProcess.Unset);
            }),
        new(
            "guest_memfd",
            "NAME = guest_memfd VM SIZE [flags=MMAP|INIT_SHARED]",
            "Makes memory for a virtual machine (KVM_CREATE_GUEST_MEMFD), which the host maps and shares unless flags say otherwise.",
            static arguments =>
            {
                string vm = arguments.Descriptor();
                long size = arguments.Number("the size");
                long flags = arguments.OptionalFlags("flags", Flags.GuestMemfd)
                    ?? (long)(KvmHeader.GUEST_MEMFD_FLAG_MMAP | KvmHeader.GUEST_MEMFD_FLAG_INIT_SHARED);
                return new((process, target) =>
                {
                    if (process.Find(vm) is not { } handle)
                    {
                        return LitmusProcess.Unset;
                    }

                    kvm_create_guest_memfd argument = default;
                    argument.size = (ulong)size;
                    argument.flags = (ulong)flags;

                    // SAFETY: the kernel reads the structure on this stack during the call, as many bytes as the request number says.
                    return process.Assign(target, process.Kernel.Ioctl(handle, KvmHeader.KVM_CREATE_GUEST_MEMFD, (nint)(&argument)));
                });
            }),
    ];
}
