using System.Text.Json.Nodes;
using LuoInterop.Emulation;

namespace LuoInterop.Cli.Emulate;

/// <summary>Prints outcomes as a table, or as one JSON document.</summary>
internal static class HugeTlbOutput
{
    public static void WriteTable(TextWriter output, HugeTlbSetting setting, IReadOnlyList<HugeTlbOutcome> outcomes)
    {
        output.WriteLine(
            $"{HugeTlbSetting.Size(setting.HostMemory)} host, {setting.Pages} pages of {HugeTlbSetting.Size(setting.PageSize)} "
            + $"configured, {setting.Preserved} preserved"
            + (setting.ScratchOnly ? ", scratch-only mode at allocation" : ""));
        output.WriteLine();
        output.WriteLine("fix          before kexec  after boot  after retrieve  free  memory left");
        foreach (HugeTlbOutcome outcome in outcomes)
        {
            output.WriteLine(
                $"{outcome.Fix,-11}  {outcome.Before.Total,12}  {outcome.Booted.Total,10}  {outcome.Retrieved.Total,14}  "
                + $"{outcome.Retrieved.Free,4}  {outcome.FreeMemory >> 20,7} MiB");
        }

        output.WriteLine();
        foreach (HugeTlbOutcome outcome in outcomes)
        {
            foreach (string message in outcome.Messages.Where(static message =>
                !message.Contains("pre-allocated 0 pages", StringComparison.Ordinal)
                || message.Contains("liveupdate", StringComparison.Ordinal)))
            {
                output.WriteLine($"{outcome.Fix}: {message}");
            }
        }
    }

    public static JsonObject ToJson(HugeTlbSetting setting, IReadOnlyList<HugeTlbOutcome> outcomes) =>
        new()
        {
            ["hostMemory"] = setting.HostMemory,
            ["pageSize"] = setting.PageSize,
            ["pages"] = setting.Pages,
            ["preserved"] = setting.Preserved,
            ["scratchOnly"] = setting.ScratchOnly,
            ["outcomes"] = new JsonArray([.. outcomes.Select(static outcome => (JsonNode)new JsonObject
            {
                ["fix"] = outcome.Fix,
                ["beforeKexec"] = ToJson(outcome.Before),
                ["afterBoot"] = ToJson(outcome.Booted),
                ["afterRetrieve"] = ToJson(outcome.Retrieved),
                ["freeMemory"] = outcome.FreeMemory,
                ["messages"] = new JsonArray([.. outcome.Messages.Select(static message => (JsonNode)message)]),
            })]),
        };

    private static JsonObject ToJson(HugePagePool pool) => new()
    {
        ["total"] = pool.Total,
        ["free"] = pool.Free,
        ["reserved"] = pool.Reserved,
        ["surplus"] = pool.Surplus,
        ["fromLiveUpdate"] = pool.FromLiveUpdate,
        ["leaked"] = pool.Leaked,
    };
}
