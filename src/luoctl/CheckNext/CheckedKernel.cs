using LuoInterop.Cli.Output;
using LuoInterop.KernelImages;

namespace LuoInterop.Cli.CheckNext;

/// <summary>Is a kernel image that was looked at, beside what it would get.</summary>
/// <param name="Path">Where the image is.</param>
/// <param name="Image">What it says of itself.</param>
/// <param name="CommandLine">The command line that it was judged with.</param>
/// <param name="CommandLineSource">Where that is from, for people.</param>
/// <param name="Live">What is handed over.</param>
/// <param name="Prediction">What becomes of it.</param>
internal sealed record CheckedKernel(
    string Path, KernelImage Image, string CommandLine, string CommandLineSource, HandedOver Live, NextKernelPrediction Prediction)
{
    /// <summary>Reads the image, and what is live here or in another image.</summary>
    /// <param name="path">The image.</param>
    /// <param name="config">Its configuration; null to look for it.</param>
    /// <param name="line">Its command line; null for its own, or that of the kernel that runs.</param>
    /// <param name="from">The image of another kernel that hands over; null for the kernel that runs.</param>
    /// <param name="profile">The profile of a UKI.</param>
    /// <param name="running">The image of the kernel that runs; null to look for it.</param>
    /// <exception cref="CommandFailure">A file cannot be read, or <paramref name="running"/> is another kernel's.</exception>
    public static CheckedKernel Read(
        string path, string? config, string? line, string? from = null, int profile = 0, string? running = null)
    {
        KernelImage image = Read(path, config is null ? null : Configuration(config), profile);
        if (image.Configuration is null && KernelConfiguration.FindBeside(path, image.Release ?? "", TryRead) is { } beside)
        {
            image = image with { Configuration = beside };
        }

        (string text, string source) = line is not null ? (line, "given")
            : image.Unified?.CommandLine is { } own ? (own, $"of the UKI, profile {image.Unified.Profile}")
            : from is null ? (KernelCommandLine.Reuse(Kernel.Linux), "of the kernel that runs")
            : ("kho=on liveupdate=on", "assumed");
        HandedOver live = from is null
            ? ReadLive(running)
            : HandedOver.Of(Read(from, null, 0)) with { Source = from };
        return new(path, image, text, source, live, NextKernel.Predict(live, image, text));
    }

    private static HandedOver ReadLive(string? running)
    {
        if (running is null)
        {
            return LiveHandover.ReadWithImage(Kernel.Linux);
        }

        KernelImage image = Read(running, null, 0);
        try
        {
            return LiveHandover.ReadWithImage(Kernel.Linux, image, running);
        }
        catch (ArgumentException error)
        {
            throw new CommandFailure($"{running}: {error.Message.Split(" (Parameter")[0].TrimEnd('.')}");
        }
    }

    private static KernelImage Read(string path, KernelConfiguration? configuration, int profile)
    {
        try
        {
            using FileStream file = File.OpenRead(path);
            return KernelImage.Read(file, new KernelImageOptions { Configuration = configuration, Profile = profile });
        }
        catch (KernelImageException error)
        {
            throw new CommandFailure($"{path} cannot be read as a kernel image ({error.Error}): {error.Message.TrimEnd('.')}");
        }
    }

    private static KernelConfiguration Configuration(string path) => TryRead(path)
        ?? throw new CommandFailure(File.Exists(path) ? $"{path} is no kernel configuration" : $"{path} does not exist");

    private static KernelConfiguration? TryRead(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }

        using FileStream file = File.OpenRead(path);
        if (file.Length > KernelConfiguration.MaximumBytes)
        {
            return null;
        }

        byte[] bytes = new byte[file.Length];
        file.ReadExactly(bytes);
        return KernelConfiguration.Parse(bytes, path);
    }
}
