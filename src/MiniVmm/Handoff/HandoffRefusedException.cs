using MiniVmm.Control;

namespace MiniVmm.Handoff;

/// <summary>Is thrown when the process that was to take a guest says that the guest has not run in it.</summary>
internal sealed class HandoffRefusedException(string message) : ControlException(message);
