using LuoInterop.Interop;
using LuoInterop.KernelImages;

namespace LuoInterop;

/// <summary>Finds the files that hold the configuration of a kernel.</summary>
internal static class ConfigurationFiles
{
    /// <summary>Tells whether the running kernel was built with an option; null where no file that it or its packages show tells.</summary>
    public static bool? RunningKernelHas(Kernel kernel, string option) =>
        Places(kernel).Select(place => Read(kernel, place)?.Has(option)).FirstOrDefault(static known => known is not null);

    /// <summary>Reads the running kernel's configuration; null where neither it nor its packages show one.</summary>
    public static KernelConfiguration? OfRunningKernel(Kernel kernel) =>
        Places(kernel).Select(place => Read(kernel, place)).FirstOrDefault(static found => found is not null);

    /// <summary>Reads the configuration that lies beside an image; null where there is none.</summary>
    /// <param name="kernel">The kernel that holds the files.</param>
    /// <param name="image">The image.</param>
    /// <param name="path">Where its file lies.</param>
    public static KernelConfiguration? Beside(Kernel kernel, KernelImageHead image, string path) =>
        KernelConfiguration.FindBeside(path, image.ReadRelease(), place => Read(kernel, place));

    /// <summary>Reads a file, plain or packed with gzip; null when it cannot be read whole, or is no configuration.</summary>
    public static KernelConfiguration? Read(Kernel kernel, string path) =>
        KernelFile.Read(kernel, path, KernelConfiguration.MaximumBytes, out byte[] content) == 0
            ? KernelConfiguration.Parse(content, path)
            : null;

    private static string[] Places(Kernel kernel)
    {
        string release = kernel.Release;
        return [
            "/proc/config.gz", $"/usr/lib/modules/{release}/config", $"/boot/config-{release}", $"/lib/modules/{release}/build/.config"];
    }
}
