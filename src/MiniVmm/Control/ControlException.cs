namespace MiniVmm.Control;

/// <summary>Is thrown when a request cannot be made, or was refused. The message is for people.</summary>
internal class ControlException(string message, Exception? cause = null) : Exception(message, cause);
