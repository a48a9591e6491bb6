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
    /// <exception cref="CommandFailure">A file cannot be read.</exception>
    public static CheckedKernel Read(string path, string? config, string? line, string? from, int profile)
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
            ? LiveHandover.ReadWithImage(Kernel.Linux)
            : HandedOver.Of(Read(from, null, 0)) with { Source = from };
        return new(path, image, text, source, live, NextKernel.Predict(live, image, text));
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
