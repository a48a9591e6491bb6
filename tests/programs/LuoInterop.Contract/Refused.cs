using Xunit;

namespace LuoInterop.Contract;

/// <summary>Asserts that a kernel refuses.</summary>
public static class Refused
{
    /// <summary>Asserts that the managed API reports a refusal with an error number.</summary>
    public static KernelException With(Errno errno, Action call)
    {
        KernelException error = Assert.Throws<KernelException>(call);
        Assert.Equal(errno, error.Errno);
        return error;
    }

    /// <summary>Asserts that a call of the seam returns the negative error number.</summary>
    public static void With(Errno errno, long result) => Assert.Equal(errno, result < 0 ? (Errno)(int)-result : Errno.None);

    /// <summary>Asserts that a call of the seam succeeds, and gives its result.</summary>
    public static long Not(long result)
    {
        Assert.True(result >= 0, $"The kernel refused with {(Errno)(int)-result}.");
        return result;
    }
}
