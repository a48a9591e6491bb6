using System.Globalization;
using System.Text.Json.Nodes;

namespace LuoInterop.Demo;

/// <summary>Records steps with their durations, on a clock that goes on across a kexec.</summary>
internal sealed class Timeline
{
    private readonly List<Step> _steps;
    private readonly TextWriter? _live;
    private DateTime _last;

    private Timeline(List<Step> steps, DateTime last, TextWriter? live)
    {
        _steps = steps;
        _last = last;
        _live = live;
    }

    public IReadOnlyList<Step> Steps => _steps;

    public DateTime Last => _last;

    public static Timeline Start(TextWriter? live) => new([], DateTime.UtcNow, live);

    /// <summary>Ends a step that began at the end of the one before.</summary>
    public void Mark(string kernel, string text)
    {
        DateTime now = DateTime.UtcNow;
        var step = new Step(kernel, text, now - _last);
        _steps.Add(step);
        _last = now;
        _live?.WriteLine(step);
    }

    public JsonObject ToJson() => new()
    {
        ["lastTicks"] = _last.Ticks,
        ["steps"] = new JsonArray([.. _steps.Select(static step => step.ToJson())]),
    };

    /// <summary>Goes on with a timeline that a program in the previous kernel wrote.</summary>
    public static Timeline Resume(JsonNode json, TextWriter? live) => new(
        [.. json["steps"]!.AsArray().Select(static step => Step.FromJson(step!))],
        new DateTime(json["lastTicks"]!.GetValue<long>(), DateTimeKind.Utc),
        live);

    /// <param name="Kernel">The release of the kernel that the step ended in.</param>
    /// <param name="Text">What was done.</param>
    /// <param name="Duration">How long it took.</param>
    internal sealed record Step(string Kernel, string Text, TimeSpan Duration)
    {
        public JsonNode ToJson() => new JsonObject
        {
            ["kernel"] = Kernel,
            ["step"] = Text,
            ["milliseconds"] = Math.Round(Duration.TotalMilliseconds, 3),
        };

        public static Step FromJson(JsonNode json) => new(
            json["kernel"]!.GetValue<string>(),
            json["step"]!.GetValue<string>(),
            TimeSpan.FromMilliseconds(json["milliseconds"]!.GetValue<double>()));

        public override string ToString() =>
            string.Create(CultureInfo.InvariantCulture, $"  {Duration.TotalMilliseconds,10:N1} ms  {Text}");
    }
}
