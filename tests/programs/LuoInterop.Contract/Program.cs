using LuoInterop;
using LuoInterop.Contract;
using LuoInterop.Contract.Mixes;
using LuoInterop.Contract.Probes;
using LuoInterop.VmTesting;

// The payload of the tests that run in a VM.
if (args is [DefaultBoot.ChildWord, var name])
{
    return DefaultBoot.RunChild(name);
}

if (args is [GuestMemfdVcpu.ChildWord, var vm, var memory])
{
    return GuestMemfdVcpu.RunChild(vm, memory);
}

if (args is [LinuxProcess.ChildWord])
{
    return LinuxProcess.RunChild();
}

using Guest guest = Guest.Open();
return args switch
{
    ["contract"] => VmRun.Run(guest, Kernel.Linux),
    [MixRun.Word] => MixRun.Run(guest),
    ["probes", .. var boots] => ProbeRun.Run(guest, boots),
    [CarriedLine.Word, var kernels] => CarriedLine.Run(guest, int.Parse(kernels, System.Globalization.CultureInfo.InvariantCulture)),
    [EmptyBlock.Guarded or EmptyBlock.GuardedReboot or EmptyBlock.Unguarded] => EmptyBlock.Run(guest, args[0]),
    [KexecTools.Noticed or KexecTools.LetPass or KexecTools.TwoInitrds] => KexecTools.Run(guest, args[0]),
    _ => throw new ArgumentException($"Unknown words: {string.Join(' ', args)}"),
};
