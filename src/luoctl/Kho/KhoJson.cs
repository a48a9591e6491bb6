using System.Text.Json.Nodes;
using LuoInterop.Diagnosis;
using LuoInterop.Kho;

namespace LuoInterop.Cli.Kho;

/// <summary>Makes the JSON document of Kexec HandOver.</summary>
internal static class KhoJson
{
    public static JsonObject Of(KhoOverview overview) => new()
    {
        ["schema"] = 1,
        ["release"] = overview.Release,
        ["memoryTotal"] = overview.MemoryTotal,
        ["cmaTotal"] = overview.CmaTotal,
        ["cmaFree"] = overview.CmaFree,
        ["liveUpdates"] = overview.Chain.LiveUpdates.TryGetValue(out ulong updates) ? updates : null,
        ["kexecs"] = overview.Chain.Kexecs.TryGetValue(out uint kexecs) ? kexecs : null,
        ["previousRelease"] = overview.Chain.PreviousRelease,
        ["areaName"] = overview.UsesLaterNames ? "bootmem" : "scratch",
        ["areas"] = Reading(overview.Scratch, static areas => new JsonArray([.. areas.Select(static area => (JsonNode)new JsonObject
        {
            ["address"] = area.Address,
            ["length"] = area.Length,
        })])),
        ["in"] = Side(overview.In),
        ["out"] = Side(overview.Out),
    };

    private static JsonObject Side(KhoSide side) => new()
    {
        ["tree"] = Reading(side.Tree, static tree => new JsonObject
        {
            ["compatible"] = tree.Compatible,
            ["preservedMemoryMap"] = tree.PreservedMemoryMap,
            ["subTrees"] = new JsonArray([.. tree.SubTrees.Select(static subTree => (JsonNode)new JsonObject
            {
                ["name"] = subTree.Name,
                ["preservedData"] = subTree.PreservedData,
                ["blobSize"] = subTree.BlobSize,
            })]),
        }),
        ["subTrees"] = Reading(side.SubTrees, static trees => new JsonArray([.. trees.Select(static tree => (JsonNode)new JsonObject
        {
            ["name"] = tree.Name,
            ["bytes"] = tree.Bytes.TryGetValue(out byte[]? bytes) ? bytes.Length : null,
        })])),
        ["metadata"] = Reading(side.Metadata, static metadata => new JsonObject
        {
            ["release"] = metadata.Release,
            ["kexecCount"] = metadata.KexecCount,
        }),
        ["luo"] = Reading(side.Luo, static luo => new JsonObject
        {
            ["compatible"] = luo.Compatible,
            ["liveUpdateNumber"] = luo.LiveUpdateNumber,
            ["sessions"] = luo.Sessions,
            ["flbs"] = luo.Flbs,
        }),
        ["reservedMemory"] = Reading(side.ReservedMemory, static areas =>
            new JsonArray([.. areas.Select(static area => (JsonNode)new JsonObject
        {
            ["name"] = area.Name,
            ["start"] = area.Start,
            ["size"] = area.Size,
        })])),
    };

    private static JsonObject Reading<T>(KhoReading<T> reading, Func<T, JsonNode> value) => new()
    {
        ["state"] = reading.State.ToString(),
        ["absence"] = reading.Absence.ToString(),
        ["format"] = reading.Format,
        ["detail"] = reading.Detail,
        ["value"] = reading.TryGetValue(out T? known) ? value(known) : null,
    };
}
