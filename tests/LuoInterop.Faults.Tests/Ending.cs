using LuoInterop.Emulation;

namespace LuoInterop.Faults.Tests;

/// <summary>Holds how a run of the demo ended, as its supervisor sees it.</summary>
/// <param name="Code">The exit code; null when an exception ended it.</param>
/// <param name="Error">The exception, or null.</param>
/// <param name="Output">What it printed.</param>
internal sealed record Ending(int? Code, Exception? Error, string Output)
{
    private const int Killed = 137;

    public bool Passed => Code == 0 && Output.Contains("PASSED", StringComparison.Ordinal);

    /// <summary>Gets whether the program said that memory is lost.</summary>
    public bool SaysLost => Output.Contains("LOST", StringComparison.Ordinal);

    public bool WasKilled => Code == Killed;

    /// <summary>Requires an end that the contract names: a success, a failure with its reason, a kill, or a kernel's panic.</summary>
    public void MustBeNamed()
    {
        switch (Error)
        {
            case null:
                Assert.True(
                    Passed || WasKilled || (Code == 1 && Output.Contains("FAILED", StringComparison.Ordinal)),
                    $"exit code {Code} without a word:\n{Output}");
                break;
            case KernelException refused:
                Assert.True(refused.Errno != Errno.None && refused.Operation.Length > 0, refused.ToString());
                Assert.Contains(refused.Errno.ToString(), refused.Message, StringComparison.Ordinal);
                break;
            case SessionCatalogueException unusable:
                Assert.True(Enum.IsDefined(unusable.Fault), unusable.ToString());
                break;
            case EmulatedKernelPanicException panic:
                Assert.Contains("The incoming tree failed to initialize properly [-12]", panic.Message, StringComparison.Ordinal);
                break;
            default:
                Assert.Fail($"An error without a name: {Error}");
                break;
        }

        Assert.True(Error is null || !Output.Contains("PASSED", StringComparison.Ordinal), ToString());
    }

    public override string ToString() => $"exit code {Code}\n{Error}\n{Output}";
}
