using LuoInterop.NextKernelPayload;
using LuoInterop.VmTesting;
using Xunit;
using Xunit.Abstractions;

namespace LuoInterop.KernelImages.Tests;

/// <summary>Jumps from kernel to kernel, and holds what each finds against what was predicted: the kernel of the VM, and copies of it
/// with another number in one text.</summary>
[Trait("Category", "VM")]
public sealed class TruthTests(ITestOutputHelper output) : IDisposable
{
    private const string On = "kho=on liveupdate=on";
    private readonly string _folder = Directory.CreateTempSubdirectory("luo-next-").FullName;

    /// <summary>Gets chains of jumps: the text that is changed in the next kernel, or nothing, and the words of its command line.</summary>
    public static TheoryData<string> Chains =>
    [
        $" {On}|luo-v5 kho=off liveupdate=on|kho-v4 {On}| {On}|memfd-v2 {On}|luo-v5 kho=on liveupdate=off",
        $"luo-v5 {On}",
    ];

    [Theory]
    [MemberData(nameof(Chains))]
    public async Task Prediction_IsTruth(string chain)
    {
        (string Text, string Words)[] jumps = [.. chain.Split('|').Select(static jump => (jump.Split(' ', 2)[0], jump.Split(' ', 2)[1]))];
        KernelBuild built = await KernelBuild.GetAsync();
        var images = new Dictionary<string, (KernelBuild Build, KernelImage Image)>();
        foreach (string text in jumps.Select(static jump => jump.Text).Append("").Distinct())
        {
            byte[] bytes = await File.ReadAllBytesAsync(built.ImagePath);
            bytes = text.Length == 0 ? bytes : EditedKernel.Change(bytes, text);
            string path = Path.Combine(_folder, $"kernel-{text}");
            await File.WriteAllBytesAsync(path, bytes);
            images[text] = (KernelBuild.FromImage(path), KernelImage.Read(bytes));
        }

        VmResult result = await VirtualMachine.RunAsync(new VmOptions
        {
            Kernel = built,
            NextKernels = [.. jumps.Select(jump => images[jump.Text].Build)],
            Command = ["dotnet", typeof(Found).Assembly.Location, .. jumps.Select(static jump => jump.Words)],
            ExpectedKernels = jumps.Length + 1,
        });
        foreach (GuestEvent mark in result.Events)
        {
            output.WriteLine($"{mark.At.TotalSeconds,6:N1} s  kernel {mark.Stage}: {mark.Text}");
        }

        (string fromText, string fromWords) = ("", On);
        for (int i = 0; i < jumps.Length; i++)
        {
            (string text, string words) = jumps[i];

            // Nothing but empty memory comes from a kernel whose device did not open.
            string? before = i == 0 ? Found.Nothing : Value(result, "found", i + 1);
            bool hadSession = before is not null && !before.StartsWith(Found.NoDevice, StringComparison.Ordinal);
            NextKernelPrediction prediction = NextKernel.Predict(HandedOver.Of(images[fromText].Image, fromWords), images[text].Image, words);
            string seen = Seen(result, i + 2);
            output.WriteLine($"{fromText,-9} -> {text,-9} {words,-28} predicted {prediction.Worst,-16} seen {seen}");
            Assert.True(seen == Expected(prediction, hadSession), $"jump {i + 1}: {prediction.Worst} was predicted, and seen is {seen}\n{result}");
            Assert.Equal(LoadAnswer(prediction, words), Value(result, "loaded", i + 1));
            (fromText, fromWords) = (text, words);
        }
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static string Expected(NextKernelPrediction prediction, bool hadSession) => prediction.Worst switch
    {
        Consequence.PanicAtBoot => "panic",
        Consequence.EioAtOpen => hadSession ? $"{Found.NoDevice} EIO" : Found.Nothing,
        Consequence.SilentlyDropped => IsOff(prediction) ? $"{Found.NoDevice} ENOENT" : Found.Nothing,
        _ => hadSession ? Found.Kept : Found.Nothing,
    };

    // Without KHO or live update there is no device to ask.
    private static bool IsOff(NextKernelPrediction prediction) => prediction.Losses.Any(static loss => loss.Component is "kho=" or "liveupdate=");

    // The command line is judged first. Which handlers files have the kernel does not show: EIO is not foreseen when it loads.
    private static string LoadAnswer(NextKernelPrediction prediction, string words) =>
        words != On ? nameof(Consequence.SilentlyDropped)
        : prediction.Worst == Consequence.EioAtOpen ? nameof(Consequence.Carried)
        : prediction.Worst.ToString();

    private static string Seen(VmResult result, int stage) =>
        Value(result, "found", stage)
        ?? (result.Loss?.Reason == VmLostReason.KernelPanic ? "panic" : result.Outcome.ToString());

    private static string? Value(VmResult result, string name, int stage) =>
        result.Values.SingleOrDefault(value => value.Name == name && value.Stage == stage)?.Value;
}
