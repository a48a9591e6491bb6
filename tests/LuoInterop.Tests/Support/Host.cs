namespace LuoInterop.Tests.Support;

/// <summary>Says what the machine that runs the tests has.</summary>
internal static class Host
{
    private const string HugePages = "/sys/kernel/mm/hugepages";

    /// <summary>Gets whether a missing requirement fails a test instead of skipping it.</summary>
    public static bool IsCI => !string.IsNullOrEmpty(Environment.GetEnvironmentVariable("CI"));

    public static bool HasTransparentHugePages => Directory.Exists("/sys/kernel/mm/transparent_hugepage");

    /// <summary>Gets the huge page sizes that the kernel knows, in bytes.</summary>
    public static long[] HugePageSizes =>
        Directory.Exists(HugePages)
            ? [.. Directory.EnumerateDirectories(HugePages)
                .Select(static folder => Path.GetFileName(folder)["hugepages-".Length..^"kB".Length])
                .Select(static kilobytes => long.Parse(kilobytes, System.Globalization.CultureInfo.InvariantCulture) << 10)]
            : [];

    /// <summary>Gets whether the kernel makes memfds of huge pages, whether or not a page is free.</summary>
    public static bool HasHugePages => HugePageSizes.Length > 0;

    /// <summary>Gets sysctl vm.memfd_noexec; 0 where the kernel is older than 6.3.</summary>
    public static int MemfdNoExec =>
        File.Exists("/proc/sys/vm/memfd_noexec")
            ? int.Parse(File.ReadAllText("/proc/sys/vm/memfd_noexec"), System.Globalization.CultureInfo.InvariantCulture)
            : 0;
}
