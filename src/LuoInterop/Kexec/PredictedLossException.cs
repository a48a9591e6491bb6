using LuoInterop.KernelImages;

namespace LuoInterop;

/// <summary>Reports a kernel image that was not loaded, because it would lose or crash what is handed over.</summary>
/// <remarks>Nothing was loaded; an image loaded before stays.</remarks>
public sealed class PredictedLossException : ArgumentException
{
    internal PredictedLossException(string path, NextKernelPrediction prediction)
        : base(Explain(path, prediction), "kernelPath") => Prediction = prediction;

    /// <summary>Gets what would become of each component, with the reasons.</summary>
    public NextKernelPrediction Prediction { get; }

    private static string Explain(string path, NextKernelPrediction prediction) =>
        $"The kernel {path} would not carry what is handed over: "
        + string.Join(" ", prediction.Losses.Select(static loss =>
            $"{loss.Component}: {loss.Consequence}. {loss.Reason} ({loss.Evidence})."))
        + " Load another kernel, or pass KexecLoadOptions.DespitePredictedLoss if that is meant.";
}
