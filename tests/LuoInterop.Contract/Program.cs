using LuoInterop;
using LuoInterop.Contract;
using LuoInterop.VmTesting;

// The payload of the contract tests: runs in each kernel of a VM, one body of every scenario a kernel.
using Guest guest = Guest.Open();
return VmRun.Run(guest, Kernel.Linux);
