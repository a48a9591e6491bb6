using System.Text;

namespace LuoInterop.Fuzz.Tests;

/// <summary>Makes catalogues that cost as much as their bytes can.</summary>
internal static class HostileCatalogues
{
    private const string Before = "{\"units\":{\"u\":{\"fdstore\":[";
    private const string After = "5]}}}";

    public static readonly (string Target, string What, Func<int, byte[]> Make)[] All =
    [
        ("catalogue", "entries of one name", static n =>
            HostileInputs.Text(Before, "{\"type\":\"fd\",\"name\":\"n\",\"token\":1},", n, After)),
        ("catalogue", "entries that are none", static n => HostileInputs.Text(Before, "5,", n, After)),
        ("catalogue", "empty entries", static n => HostileInputs.Text(Before, "{},", n, After)),
        ("catalogue", "entries with a member twice", static n => HostileInputs.Text(Before, "{\"a\":1,\"a\":1},", n, After)),
        ("catalogue", "members of an entry", static n => HostileInputs.Members(Before + "{", n, "}," + After)),
        ("catalogue", "units", static n => HostileInputs.Members("{\"units\":{", n, "}}")),
        ("catalogue", "units of one name", static n => HostileInputs.Text("{\"units\":{", "\"u\":{},", n, "\"u\":{}}}")),
        ("catalogue", "members that are not known", static n => HostileInputs.Members("{", n, "}")),
        ("catalogue", "small objects behind a large one", static n =>
            [.. HostileInputs.Members("{\"x\":{", n / 2, "},\"y\":["), .. HostileInputs.Text("", "{\"a\":1,\"b\":2},", n / 2, "0]}")]),
        ("catalogue", "a long text", static n => HostileInputs.Text("{\"x\":\"", "\\u20ac", n, "\"}")),
        ("catalogue", "a long number", static n => HostileInputs.Text("{\"version\":1", "0", n, "}")),
        ("catalogue", "NULs behind it", static n => HostileInputs.Text("{}", "\0", n)),
        ("catalogue", "this library's own", Own),
    ];

    private static byte[] Own(int length)
    {
        var document = new CatalogueDocument();
        for (ulong token = 1; token < (ulong)length / 60; token++)
        {
            document.Add(new CatalogueEntry("unit", $"name-{token}", token, null, 4096));
        }

        return document.ToBytes();
    }
}
