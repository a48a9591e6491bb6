using LuoInterop.Kvm;
using MiniVmm.Memory;

namespace MiniVmm.Store;

/// <summary>Is a guest that came back from systemd's store.</summary>
/// <param name="Ram">Its RAM, which belongs to the receiver.</param>
/// <param name="State">Its state, as it was when it was stopped.</param>
/// <param name="Counter">Its time stamp counter then.</param>
internal sealed record KeptGuest(GuestRam Ram, MachineState State, ulong Counter);
