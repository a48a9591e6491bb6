using System.Text.Json.Nodes;
using LuoInterop.Kho;
using LuoInterop.Kho.Abi;
using LuoInterop.MemoryImages;

namespace LuoInterop.Cli.Decode;

/// <summary>Makes a report's JSON document; <c>docs/schemas/decode.json</c> describes it.</summary>
internal static class DecodeJson
{
    private const int Schema = 1;

    public static JsonObject Of(DecodeReport report) => new()
    {
        ["schema"] = Schema,
        ["image"] = new JsonObject
        {
            ["path"] = report.Path,
            ["format"] = report.Image.Format switch
            {
                MemoryImageFormat.Raw => "raw",
                MemoryImageFormat.ElfCore => "elf",
                _ => "kdump",
            },
            ["flattened"] = report.Image.IsFlattened,
            ["details"] = report.Image.Details,
            ["complete"] = report.Image.IsComplete,
            ["dumpLevel"] = report.Image.DumpLevel,
            ["release"] = report.Image.Release,
        },
        ["kernels"] = Array(report.Search.Kernels.Select(static kernel => (JsonNode?)new JsonObject
        {
            ["release"] = kernel.Info.Release,
            ["address"] = kernel.Address,
        })),
        ["handover"] = report.Chosen is { } found ? Handover(report, found) : null,
        ["sessions"] = Array(report.Sessions.Select(session => (JsonNode?)Session(report.Image, session))),
        ["faults"] = Array(report.Faults.Select(fault => (JsonNode?)new JsonObject
        {
            ["part"] = Words.Text(fault.Part),
            ["error"] = fault.Error.ToString(),
            ["message"] = Words.Fault(report.Image, fault),
            ["address"] = fault.Address,
        })),
        ["others"] = Array(report.Search.Handovers.Skip(1).Select(static other => (JsonNode?)new JsonObject
        {
            ["address"] = other.FdtAddress,
            ["compatible"] = other.Handover.Tree.Compatible,
            ["stage"] = Stage(other.Stage),
        })),
    };

    private static JsonObject Handover(DecodeReport report, FoundHandover found) => new()
    {
        ["address"] = found.FdtAddress,
        ["compatible"] = found.Handover.Tree.Compatible,
        ["stage"] = Stage(found.Stage),
        ["explanation"] = Words.Stage(found),
        ["toldByBootProtocol"] = found.Setup is not null,
        ["sessionsFoundAt"] = found.SessionsFound,
        ["writtenBy"] = found.Handover.Metadata is { } metadata ? Words.Text(metadata.PreviousRelease) : null,
        ["kexecCount"] = found.Handover.Metadata?.KexecCount,
        ["luo"] = found.Handover.Luo is { } luo
            ? new JsonObject { ["compatible"] = luo.Compatible, ["number"] = luo.LiveUpdateNumber } : null,
        ["subTrees"] = Array(found.Handover.Tree.SubTrees.Select(static tree => (JsonNode?)new JsonObject
        {
            ["name"] = Words.Text(tree.Name),
            ["address"] = tree.PreservedData,
            ["size"] = tree.BlobSize,
        })),
        ["mapIsSound"] = found.Handover.IsMapSound,
        ["preservedBytes"] = found.Handover.IsMapSound ? report.PreservedBytes : null,
        ["preservedPieces"] = Orders(report.PreservedOrders),
        ["flbs"] = Array(found.Handover.Flbs.Select(static flb => (JsonNode?)new JsonObject
        {
            ["name"] = Words.Text(flb.Name),
            ["files"] = flb.Count,
            ["data"] = flb.Data,
        })),
    };

    private static JsonObject Session(MemoryImage image, DecodedSession session) => new()
    {
        ["name"] = Words.Text(session.Session.Record.Name),
        ["catalogueFault"] = session.CatalogueFault,
        ["files"] = Array(session.Files.Select(file => (JsonNode?)File(image, file))),
    };

    private static JsonObject File(MemoryImage image, DecodedFile file) => new()
    {
        ["token"] = file.File.Record.Token,
        ["name"] = file.Entry?.Name,
        ["unit"] = file.Entry?.Unit,
        ["checksum"] = file.Entry?.Checksum,
        ["handler"] = Words.Text(file.File.Record.Compatible),
        ["memfd"] = file.File.Memfd is { } memfd ? Memfd(image, file, memfd) : null,
        ["preview"] = file.File.Preview is { } preview
            ? new JsonObject
            {
                ["structure"] = preview.Structure,
                ["fields"] = new JsonObject(preview.Fields.Select(
                    static field => new KeyValuePair<string, JsonNode?>(field.Key, JsonValue.Create(field.Value)))),
            }
            : null,
    };

    private static JsonObject Memfd(MemoryImage image, DecodedFile file, HandoverMemfd memfd) => new()
    {
        ["size"] = memfd.Record.FileSize,
        ["position"] = memfd.Record.Pos,
        ["seals"] = file.File.Record.Compatible == MemfdLuoSerV1.MEMFD_LUO_FH_COMPATIBLE
            ? null : Array(Words.Seals(memfd.Record.Seals).Select(static seal => (JsonNode?)seal)),
        ["folios"] = Orders(file.FolioOrders),
        ["pages"] = new JsonObject
        {
            ["present"] = file.Pages.Present,
            ["zero"] = file.Pages.Zero,
            ["excluded"] = file.Pages.Excluded,
            ["missing"] = file.Pages.Missing,
            ["absent"] = file.Pages.Absent,
        },
        ["lostBytes"] = file.Lost,
        ["whole"] = file.IsWhole,
        ["gaps"] = Words.Gaps(image, file),
    };

    private static JsonArray Orders(IEnumerable<KeyValuePair<int, long>> orders) => Array(orders.Select(static pair =>
        (JsonNode?)new JsonObject { ["order"] = pair.Key, ["count"] = pair.Value }));

    private static string Stage(HandoverStage stage) => stage switch
    {
        HandoverStage.Written => "written",
        HandoverStage.NotWritten => "not-written",
        _ => "stale",
    };

    private static JsonArray Array(IEnumerable<JsonNode?> nodes) => new([.. nodes]);
}
