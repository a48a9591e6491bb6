namespace MiniVmm.Demo;

/// <summary>Says that a guest of the demo was not as it should be.</summary>
internal sealed class DemoException(string message) : Exception(message);
