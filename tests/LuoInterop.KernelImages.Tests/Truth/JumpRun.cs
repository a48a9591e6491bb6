using LuoInterop.NextKernelPayload;
using LuoInterop.VmTesting;
using Xunit;
using Xunit.Abstractions;

namespace LuoInterop.KernelImages.Tests.Truth;

/// <summary>Is a jump into a kernel.</summary>
/// <param name="Kernel">Its name among <see cref="JumpKernels"/>.</param>
/// <param name="Words">The words of its command line that switch live update.</param>
internal sealed record Jump(string Kernel, string Words);

/// <summary>Jumps through kernels in a VM, each of which hands a file over where it can, and compares what the next one finds with what
/// was predicted.</summary>
internal sealed class JumpRun(JumpKernels kernels, ITestOutputHelper output)
{
    /// <summary>The words that switch everything on, with which the first kernel boots too.</summary>
    public const string On = "kho=on liveupdate=on";

    public async Task HoldAsync(string first, Jump[] jumps)
    {
        JumpKernel from = await kernels.GetAsync(first);
        JumpKernel[] into = await Task.WhenAll(jumps.Select(jump => kernels.GetAsync(jump.Kernel)));
        VmResult result = await VirtualMachine.RunAsync(new VmOptions
        {
            Kernel = from.Build,
            NextKernels = [.. into.Select(static kernel => kernel.Build)],
            Command = ["dotnet", typeof(Found).Assembly.Location, .. jumps.Select(static jump => jump.Words)],
            Files = into[^1].Initrd is { } initrd
                ? new Dictionary<string, string> { [Found.InitrdFile] = initrd } : new Dictionary<string, string>(),
            ExpectedKernels = jumps.Length + 1,
        });
        foreach (GuestEvent mark in result.Events)
        {
            output.WriteLine($"{mark.At.TotalSeconds,6:N1} s  kernel {mark.Stage}: {mark.Text}");
        }

        string words = On;
        for (int i = 0; i < jumps.Length; i++)
        {
            NextKernelPrediction prediction = NextKernel.Predict(HandedOver.Of(from.Image, words), into[i].Image, jumps[i].Words);
            bool hasFile = Value(result, "handed over", i + 1) == Found.File;
            string seen = into[i].Initrd is null ? Seen(result, i + 2) : SeenBy(into[i], result);
            output.WriteLine($"jump {i + 1} into '{jumps[i].Kernel}' {jumps[i].Words}: {prediction.Worst} was predicted, seen is {seen}");
            Assert.True(
                seen == Expected(prediction, into[i].Image, jumps[i].Words, hasFile),
                $"jump {i + 1}: {prediction.Worst} was predicted, and seen is {seen}\n{result}");
            Assert.Equal(LoadAnswer(prediction, into[i].Image, jumps[i].Words), Value(result, "loaded", i + 1));
            (from, words) = (into[i], jumps[i].Words);
        }
    }

    private static string Expected(NextKernelPrediction prediction, KernelImage next, string words, bool hasFile) => prediction.Worst switch
    {
        Consequence.PanicAtBoot => "panic",
        _ when words != On || next.Luo.Count == 0 => $"{Found.NoDevice} ENOENT",
        Consequence.EioAtOpen when hasFile => $"{Found.NoDevice} EIO",
        Consequence.Carried when hasFile => Found.Kept,
        _ => Found.Nothing,
    };

    // The command line is judged first, and then what the image was built with. Which handlers files have the kernel does not show: EIO is
    // not foreseen when it loads.
    private static string LoadAnswer(NextKernelPrediction prediction, KernelImage next, string words) =>
        words != On || next.Luo.Count == 0 || next.FileHandlers.Count == 0 ? Found.Refused
        : prediction.Worst == Consequence.EioAtOpen ? nameof(Consequence.Carried)
        : prediction.Worst.ToString();

    private static string Seen(VmResult result, int stage) =>
        Value(result, "found", stage)
        ?? (result.Loss?.Reason == VmLostReason.KernelPanic ? "panic" : result.Outcome.ToString());

    // It stands on the console, not in values.
    private static string SeenBy(JumpKernel next, VmResult result)
    {
        Assert.True(next.Image.Release == DebianKernel.Said(result, "release"), result.ToString());
        Assert.Equal(nameof(Errno.ENOENT), DebianKernel.Said(result, "kho"));
        return $"{Found.NoDevice} {DebianKernel.Said(result, "found")}";
    }

    private static string? Value(VmResult result, string name, int stage) =>
        result.Values.SingleOrDefault(value => value.Name == name && value.Stage == stage)?.Value;
}
