using System.Text.Json.Nodes;
using LuoInterop.Cli.Output;
using LuoInterop.KernelImages;

namespace LuoInterop.Cli.CheckNext;

/// <summary>Writes what <c>luoctl check-next</c> found.</summary>
internal static class CheckNextOutput
{
    /// <summary>Writes it for people: what is lost comes last, and the last line is the answer.</summary>
    public static void WriteText(TextOutput output, CheckedKernel report)
    {
        KernelImage image = report.Image;
        output.Field("next kernel", $"{image.Version?.Split(" (")[0] ?? "of unknown version"}, {report.Path}");
        output.Field("image", Describe(image));
        if (image.Unified is { } unified && unified.Profiles.Count > 0)
        {
            output.Field("profile", $"{unified.Profile}, of {unified.Profiles.Count} that begin with 0; --profile looks at another");
        }

        output.Field("command line", $"{(report.CommandLine.Length > 0 ? report.CommandLine : "empty")} ({report.CommandLineSource})");
        output.Field("configuration", image.Configuration?.Source ?? "none found; --config names one");
        output.Field("handed over", $"{Formats(report.Live)} ({report.Live.Source})");
        output.Line();
        foreach (ComponentPrediction component in report.Prediction.Components.OrderBy(static component => component.Consequence))
        {
            (string verdict, Tone tone) = Verdict(component.Consequence);
            output.Verdict(
                verdict,
                tone,
                component.Component,
                component.Consequence == Consequence.Carried
                    ? [component.Reason]
                    : [component.Reason, $"Seen: {component.Evidence}.", $"Decided by {component.Rule}."]);
        }

        output.Line();
        (string answer, Tone worst) = Answer(report);
        output.Paragraph(answer, tone: worst);
    }

    /// <summary>Gets the answer in a line.</summary>
    public static (string Answer, Tone Tone) Answer(CheckedKernel report)
    {
        NextKernelPrediction prediction = report.Prediction;
        string names = string.Join(", ", prediction.Components
            .Where(component => component.Consequence == prediction.Worst).Select(static component => component.Component));
        return prediction.Worst switch
        {
            Consequence.Carried when report.Live.IsNothing => ("nothing is handed over", Tone.Caution),
            Consequence.Carried => ("all is carried", Tone.Good),
            Consequence.Unknown => ($"unknown: {names}", Tone.Caution),
            Consequence.SilentlyDropped => ($"lost without a word: {names}", Tone.Bad),
            Consequence.EioAtOpen => ($"all sessions lost, /dev/liveupdate does not open (EIO): {names}", Tone.Bad),
            _ => ($"panic at boot: {names}", Tone.Bad),
        };
    }

    /// <summary>Makes the JSON document.</summary>
    public static JsonObject ToJson(CheckedKernel report)
    {
        KernelImage image = report.Image;
        return new JsonObject
        {
            ["schema"] = 1,
            ["image"] = new JsonObject
            {
                ["path"] = report.Path,
                ["format"] = image.Format.ToString(),
                ["kernelFormat"] = image.KernelFormat.ToString(),
                ["compression"] = image.Compression.ToString(),
                ["architecture"] = image.Architecture.ToString(),
                ["kernelBytes"] = image.KernelBytes,
                ["version"] = image.Version,
                ["release"] = image.Release,
                ["signed"] = image.IsSigned,
                ["configuration"] = image.Configuration?.Source,
                ["compatible"] = Texts(image.CompatibleTexts),
                ["profile"] = image.Unified?.Profile,
                ["profiles"] = Texts(image.Unified?.Profiles ?? []),
                ["liveUpdateVersions"] = Features(image.LiveUpdateVersions),
                ["liveUpdateFeatures"] = Features(image.LiveUpdateFeatures),
            },
            ["commandLine"] = report.CommandLine,
            ["commandLineSource"] = report.CommandLineSource,
            ["handedOver"] = new JsonObject
            {
                ["source"] = report.Live.Source,
                ["nothing"] = report.Live.IsNothing,
                ["kho"] = report.Live.Kho,
                ["luo"] = report.Live.Luo is { } luo ? Texts(luo) : null,
                ["fileHandlers"] = report.Live.FileHandlers is { } handlers ? Texts(handlers) : null,
                ["sharedObjects"] = Texts(report.Live.SharedObjects),
            },
            ["worst"] = report.Prediction.Worst.ToString(),
            ["components"] = new JsonArray([.. report.Prediction.Components.Select(static component => (JsonNode)new JsonObject
            {
                ["component"] = component.Component,
                ["consequence"] = component.Consequence.ToString(),
                ["reason"] = component.Reason,
                ["evidence"] = component.Evidence,
                ["rule"] = component.Rule,
            })]),
        };
    }

    private static (string Verdict, Tone Tone) Verdict(Consequence consequence) => consequence switch
    {
        Consequence.Carried => ("carried", Tone.Good),
        Consequence.Unknown => ("unknown", Tone.Caution),
        Consequence.SilentlyDropped => ("dropped", Tone.Bad),
        Consequence.EioAtOpen => ("EIO", Tone.Bad),
        _ => ("panic", Tone.Bad),
    };

    private static string Describe(KernelImage image)
    {
        string format = image.Format == image.KernelFormat ? $"{image.Format}" : $"{image.Format} with {image.KernelFormat}";
        string signed = image.IsSigned switch { true => ", signed", false => ", not signed", null => "" };
        string packed = image.Compression == KernelCompression.None ? "not packed" : $"packed with {image.Compression}";
        return $"{format} for {image.Architecture}, {packed}, {TextOutput.Size((ulong)image.KernelBytes)} unpacked{signed}";
    }

    private static string Formats(HandedOver live)
    {
        if (live.IsNothing)
        {
            return "nothing: KHO is not there, or off";
        }

        if (live.Luo is { Count: 0 })
        {
            return $"{live.Kho ?? "KHO of unknown format"}; nothing of LUO";
        }

        IEnumerable<string> known = [
            .. live.Kho is { } kho ? [kho] : Array.Empty<string>(), .. live.Luo ?? [], .. live.FileHandlers ?? [], .. live.SharedObjects];
        return known.Any() ? string.Join(' ', known) : "not known";
    }

    /// <summary>Makes an array of texts.</summary>
    public static JsonArray Texts(IEnumerable<string> texts) => new([.. texts.Select(static text => (JsonNode)text)]);

    private static JsonArray? Features(IReadOnlyList<LiveUpdateFeature>? features) => features is null
        ? null
        : new JsonArray([.. features.Select(static feature => (JsonNode)new JsonObject
        {
            ["name"] = feature.Name,
            ["supported"] = $"{feature.Supported:x}",
            ["required"] = $"{feature.Required:x}",
            ["active"] = $"{feature.Active:x}",
        })]);
}
