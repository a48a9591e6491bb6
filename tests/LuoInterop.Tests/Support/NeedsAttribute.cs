namespace LuoInterop.Tests.Support;

/// <summary>Names what a test needs of the machine.</summary>
public enum Need
{
    /// <summary>A kernel that makes memfds of huge pages.</summary>
    HugePages,
}

/// <summary>Skips a test, with the reason, where the machine lacks what it needs. With env CI set it runs, and fails.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class NeedsFactAttribute : FactAttribute
{
    public NeedsFactAttribute(Need need)
    {
        Need = need;
        Skip = Host.IsCI ? null : Missing(need);
    }

    public Need Need { get; }

    private static string? Missing(Need need) => need switch
    {
        Need.HugePages => Host.HasHugePages ? null : "/sys/kernel/mm/hugepages is missing: the kernel was built without CONFIG_HUGETLBFS.",
        _ => throw new ArgumentOutOfRangeException(nameof(need)),
    };
}
