using Mono.Unix.Native;

namespace LuoInterop.Tests.Errors;

/// <summary>Compares the names and numbers of errors with those of another binding of the C library.</summary>
public sealed class MonoErrnoTests
{
    /// <summary>What only one side has, each with the reason.</summary>
    private static readonly Dictionary<string, string> s_unknown = new()
    {
        ["None"] = "success has no name in C",
        ["EHWPOISON"] = "newer than the other binding",
        ["ERFKILL"] = "newer than the other binding",
    };

    [Fact]
    public void Error_HasTheNumberOfTheOtherBinding()
    {
        int compared = 0;
        foreach (Errno error in Enum.GetValues<Errno>())
        {
            string name = error.ToString();
            bool known = Enum.TryParse(name, out Mono.Unix.Native.Errno theirs);
            Assert.True(known != s_unknown.ContainsKey(name), $"{name} is {(known ? "" : "un")}known to the other binding.");
            if (known)
            {
                compared++;
                Assert.Equal((int)error, NativeConvert.FromErrno(theirs));
                Assert.Equal(theirs, NativeConvert.ToErrno((int)error));
            }
        }

        Assert.InRange(compared, 30, int.MaxValue);
    }

    /// <summary>Every number that the other binding can name and this one declares has one name in both.</summary>
    [Fact]
    public void Number_HasTheNameOfTheOtherBinding()
    {
        int compared = 0;
        for (int number = 1; number < 134; number++)
        {
            if (NativeConvert.TryToErrno(number, out Mono.Unix.Native.Errno theirs) && Enum.IsDefined((Errno)number))
            {
                compared++;
                Assert.Contains(((Errno)number).ToString(), Enum.GetNames<Mono.Unix.Native.Errno>()
                    .Where(name => Enum.Parse<Mono.Unix.Native.Errno>(name) == theirs));
            }
        }

        Assert.InRange(compared, 30, int.MaxValue);
    }
}
