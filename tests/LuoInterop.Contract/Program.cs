using LuoInterop;
using LuoInterop.Contract;
using LuoInterop.Contract.Probes;
using LuoInterop.VmTesting;

// The payload of the tests that run in a VM.
if (args is [DefaultBoot.ChildWord, var name])
{
    return DefaultBoot.RunChild(name);
}

using Guest guest = Guest.Open();
return args switch
{
    ["contract"] => VmRun.Run(guest, Kernel.Linux),
    ["probes", var boot] => ProbeRun.Run(guest, boot),
    [EmptyBlock.Guarded or EmptyBlock.GuardedReboot or EmptyBlock.Unguarded] => EmptyBlock.Run(guest, args[0]),
    _ => throw new ArgumentException($"Unknown words: {string.Join(' ', args)}"),
};
