using System.Text.Json.Nodes;

namespace LuoInterop.Demo;

/// <summary>Is what the program knows of its guest, as JSON; the update keeps it with a checksum.</summary>
internal static class GuestState
{
    public static byte[] ToBytes(ulong seed, Timeline timeline) =>
        System.Text.Encoding.UTF8.GetBytes(new JsonObject { ["seed"] = seed, ["timeline"] = timeline.ToJson() }.ToJsonString());

    public static (ulong Seed, Timeline Timeline) Read(byte[] bytes)
    {
        JsonNode json = JsonNode.Parse(bytes)!;
        return (json["seed"]!.GetValue<ulong>(), Timeline.Resume(json["timeline"]!, null));
    }
}
