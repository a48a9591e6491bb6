using System.Runtime.InteropServices;

namespace LuoInterop.Tests.Errors;

/// <summary>Proves that each refusal that the contract lists has an explanation, and none leaves the reader with strerror alone.</summary>
public class RefusalTableTests
{
    /// <summary>Gets the pairs of the contract, sections 1.3 to 1.5 and 2.2 to 2.4, that managed code can get.</summary>
    public static TheoryData<string, Errno> Contract { get; } = new()
    {
        { Operation.CreateSession, Errno.EMFILE },
        { Operation.CreateSession, Errno.EINVAL },
        { Operation.CreateSession, Errno.ENOMEM },
        { Operation.CreateSession, Errno.ENOSPC },
        { Operation.CreateSession, Errno.EEXIST },
        { Operation.CreateSession, Errno.ENFILE },
        { Operation.CreateSession, Errno.EFAULT },
        { Operation.RetrieveSession, Errno.EMFILE },
        { Operation.RetrieveSession, Errno.ENOENT },
        { Operation.RetrieveSession, Errno.EINVAL },
        { Operation.RetrieveSession, Errno.ENFILE },
        { Operation.RetrieveSession, Errno.ENOMEM },
        { Operation.RetrieveSession, Errno.EFAULT },
        { Operation.PreserveFd, Errno.EEXIST },
        { Operation.PreserveFd, Errno.ENOMEM },
        { Operation.PreserveFd, Errno.ENOSPC },
        { Operation.PreserveFd, Errno.EBADF },
        { Operation.PreserveFd, Errno.ENOENT },
        { Operation.PreserveFd, Errno.EBUSY },
        { Operation.PreserveFd, Errno.EINVAL },
        { Operation.PreserveFd, Errno.EFBIG },
        { Operation.PreserveFd, Errno.EOPNOTSUPP },
        { Operation.PreserveFd, Errno.EFAULT },
        { Operation.RetrieveFd, Errno.EMFILE },
        { Operation.RetrieveFd, Errno.ENOENT },
        { Operation.RetrieveFd, Errno.EINVAL },
        { Operation.RetrieveFd, Errno.EIO },
        { Operation.RetrieveFd, Errno.ENOMEM },
        { Operation.RetrieveFd, Errno.ENOSPC },
        { Operation.RetrieveFd, Errno.EOPNOTSUPP },
        { Operation.RetrieveFd, Errno.EFAULT },
        { Operation.Finish, Errno.EBUSY },
        { Operation.Finish, Errno.EINVAL },
        { Operation.GetName, Errno.EINVAL },
        { Operation.GetName, Errno.ENOTTY },
        { Operation.GetName, Errno.EBADF },
        { Operation.Finish, Errno.E2BIG },
        { Operation.Reboot, Errno.EPERM },
        { Operation.Reboot, Errno.EINVAL },
        { Operation.Reboot, Errno.EBUSY },
        { Operation.Reboot, Errno.ENOENT },
        { Operation.Truncate, Errno.EPERM },
        { Operation.Allocate, Errno.EPERM },
        { Operation.Write, Errno.EPERM },
        { Operation.AddSeals, Errno.EBUSY },
        { Operation.AddSeals, Errno.EPERM },
        { Operation.KexecFileLoad, Errno.EPERM },
        { Operation.KexecFileLoad, Errno.ENOEXEC },
        { Operation.KexecFileLoad, Errno.EBUSY },
        { Operation.KexecFileLoad, Errno.EADDRNOTAVAIL },
    };

    [Theory]
    [MemberData(nameof(Contract))]
    public void Explain_RefusalOfTheContract_SaysMoreThanTheSystem(string operation, Errno errno)
    {
        string text = Refusal.Explain(operation, errno);
        string system = Marshal.GetPInvokeErrorMessage((int)errno);
        Assert.False(text.Equals(system + ".", StringComparison.OrdinalIgnoreCase), text);
        Assert.True(text.Length > system.Length, text);
        Assert.EndsWith(".", text, StringComparison.Ordinal);
        Assert.True(text.All(char.IsAscii), text);
    }

    [Fact]
    public void Explain_SameErrnoOfDifferentOperations_IsNotTheSameText()
    {
        Errno[] shared = [Errno.EINVAL, Errno.ENOENT, Errno.EEXIST, Errno.EBUSY];
        string[] operations = [
            Operation.CreateSession, Operation.RetrieveSession, Operation.PreserveFd, Operation.RetrieveFd, Operation.Finish,
            Operation.GetName, Operation.Reboot];
        foreach (Errno errno in shared)
        {
            string[] texts = [.. operations.Where(operation => Contract.Any(row => (string)row[0] == operation && (Errno)row[1] == errno))
                .Select(operation => Refusal.Explain(operation, errno))];
            Assert.Equal(texts.Length, texts.Distinct().Count());
        }
    }

    [Theory]
    [InlineData(Errno.EIO)]
    [InlineData(Errno.ENOMEM)]
    [InlineData(Errno.ENOSPC)]
    [InlineData(Errno.EOPNOTSUPP)]
    public void Explain_FileThatCannotBeRestored_SaysThatItIsLostForGood(Errno errno)
    {
        string text = Refusal.Explain(Operation.RetrieveFd, errno);
        Assert.Contains("content is lost", text, StringComparison.Ordinal);
        Assert.Contains("every further attempt", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Explain_AnyFreezeErrorOfReboot_SaysThatTheSystemRunsOn()
    {
        foreach (Errno errno in Enum.GetValues<Errno>().Where(static errno => errno is not (Errno.None or Errno.EPERM)))
        {
            Assert.Contains("The system runs on", Refusal.Explain(Operation.Reboot, errno), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Explain_AnyPair_IsASentence()
    {
        string[] operations = [.. typeof(Operation).GetFields().Select(static field => (string)field.GetRawConstantValue()!)];
        foreach (string operation in operations)
        {
            foreach (Errno errno in Enum.GetValues<Errno>())
            {
                Assert.EndsWith(".", Refusal.Explain(operation, errno), StringComparison.Ordinal);
            }
        }
    }
}
