using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LuoInterop;

/// <summary>Reads the JSON of a catalogue: what is usable, what is not, and, where it is asked for, a tree that keeps both for the next
/// writer.</summary>
/// <remarks>
/// Follows systemd (<c>manager_luo_restore_fd_stores</c> of <c>src/core/luo.c</c>, 261 and 262): an entry or unit that is not
/// sound costs itself, a document whose frame is not sound costs all. Work and memory are linear in the bytes.
/// </remarks>
internal sealed class CatalogueReader
{
    private const int FewMembers = 8;

    private static readonly JsonReaderOptions Options = new() { MaxDepth = 32 };

    private readonly JsonElement _document;

    /// <summary>The units that are kept; null where the document has none.</summary>
    private List<JsonProperty>? _units;

    private CatalogueReader(JsonElement root)
    {
        _document = root;
        if (root.ValueKind != JsonValueKind.Object)
        {
            throw Malformed("it is no JSON object");
        }

        if (HasRepeatedMember(root))
        {
            throw Malformed("it has a member twice");
        }

        CheckVersion(root);
        foreach (JsonProperty member in root.EnumerateObject())
        {
            if (member.NameEquals("units"))
            {
                ReadUnits(member.Value);
            }
            else
            {
                RequireUnique(member.Value);
            }
        }
    }

    /// <summary>Gets the usable entries in the order of the document.</summary>
    public List<CatalogueEntry> Entries { get; } = [];

    /// <summary>Gets the other ones.</summary>
    public List<UnusableCatalogueEntry> Unusable { get; } = [];

    /// <summary>Reads the bytes of a document, without what may stand before and behind it.</summary>
    /// <exception cref="SessionCatalogueException">Malformed or NewerVersion.</exception>
    public static CatalogueReader Read(ReadOnlySpan<byte> bytes)
    {
        CheckTexts(bytes);
        var reader = new Utf8JsonReader(bytes, Options);
        return new CatalogueReader(JsonElement.ParseValue(ref reader));
    }

    /// <summary>Makes the document for the next writer, without units that are there twice.</summary>
    /// <remarks>Who only reads does without: a guest may wait for the reader.</remarks>
    public JsonObject ToRoot()
    {
        var root = new JsonObject();
        foreach (JsonProperty member in _document.EnumerateObject())
        {
            root.Add(member.Name, member.NameEquals("units") ? UnitsNode() : ToNode(member.Value));
        }

        // systemd's first release had no version; later ones want it.
        if (root["version"] is null)
        {
            root.Remove("version");
            root.Insert(0, "version", CatalogueDocument.SupportedVersion);
        }

        return root;
    }

    private JsonObject? UnitsNode() =>
        _units is null ? null : new JsonObject(_units.Select(static unit => KeyValuePair.Create(unit.Name, ToNode(unit.Value))));

    // Every text is looked at: what is kept unread must still be writable later.
    private static void CheckTexts(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var reader = new Utf8JsonReader(bytes, Options);
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName)
                {
                    _ = reader.GetString();
                }
            }
        }
        catch (JsonException error)
        {
            throw new SessionCatalogueException(SessionCatalogueFault.Malformed, "The catalogue is no JSON: " + error.Message, error);
        }
        catch (InvalidOperationException error)
        {
            throw new SessionCatalogueException(SessionCatalogueFault.Malformed, "The catalogue has a text that is not well-formed "
                + "Unicode.", error);
        }
    }

    // Versions are whole numbers from 1 on, however large. systemd passes 0 too, but nobody has written it.
    private static void CheckVersion(JsonElement root)
    {
        if (!root.TryGetProperty("version", out JsonElement version) || version.ValueKind == JsonValueKind.Null)
        {
            return;
        }

        if (version.ValueKind != JsonValueKind.Number
            || JsonMarshal.GetRawUtf8Value(version) is var digits && (digits.ContainsAnyExceptInRange((byte)'0', (byte)'9')
                || digits is [(byte)'0']))
        {
            throw Malformed("\"version\" is no whole number from 1 on");
        }

        if (!version.TryGetInt32(out int number) || number > CatalogueDocument.SupportedVersion)
        {
            string text = version.TryGetUInt64(out ulong value) ? $"{value}" : "above 2^64";
            throw new SessionCatalogueException(
                SessionCatalogueFault.NewerVersion,
                $"The catalogue has version {text}; this program knows up to {CatalogueDocument.SupportedVersion}. Retrieve the files "
                    + "with the program that wrote it, or by their tokens.");
        }
    }

    private void ReadUnits(JsonElement units)
    {
        if (units.ValueKind == JsonValueKind.Null)
        {
            return;
        }

        if (units.ValueKind != JsonValueKind.Object)
        {
            throw Malformed("\"units\" is no object");
        }

        _units = [];
        var names = new HashSet<string>(StringComparer.Ordinal);
        foreach (JsonProperty unit in units.EnumerateObject())
        {
            // What is there twice has no place in the tree.
            if (names.Contains(unit.Name))
            {
                Refuse(unit.Name, "the unit is there twice; the first one counts");
            }
            else if (unit.Value.ValueKind == JsonValueKind.Object && HasRepeatedMember(unit.Value))
            {
                Refuse(unit.Name, "the unit has a member twice");
            }
            else
            {
                names.Add(unit.Name);
                _units.Add(unit);
                ReadUnit(unit.Name, unit.Value);
            }
        }
    }

    private void ReadUnit(string name, JsonElement unit)
    {
        if (name.Length == 0)
        {
            Refuse(name, "the unit has no name");
            return;
        }

        if (unit.ValueKind != JsonValueKind.Object)
        {
            Refuse(name, "the unit is no object");
            return;
        }

        if (!unit.TryGetProperty("fdstore", out JsonElement store) || store.ValueKind == JsonValueKind.Null)
        {
            return;
        }

        if (store.ValueKind != JsonValueKind.Array)
        {
            Refuse(name, "its \"fdstore\" is no array");
            return;
        }

        int index = 0;
        foreach (JsonElement item in store.EnumerateArray())
        {
            ReadEntry(name, index++, item);
        }
    }

    private void ReadEntry(string unit, int index, JsonElement item)
    {
        if (item.ValueKind != JsonValueKind.Object)
        {
            Unusable.Add(new UnusableCatalogueEntry(unit, index, null, null, "it is no object"));
            return;
        }

        Members members = Members.Of(item);
        string? name = Text(members.Name);
        bool hasToken = members.Token.ValueKind != JsonValueKind.Undefined;
        ulong? number = members.Token.ValueKind == JsonValueKind.Number && members.Token.TryGetUInt64(out ulong value) ? value : null;
        bool isFile = IsText(members.Type, "fd"u8);
        bool isSession = !isFile && IsText(members.Type, "luo_session"u8);
        string? sessionName = isSession ? Text(members.SessionName) : null;
        bool sizeIsSound = TryNumber(members.Size, long.MaxValue, out long? size);
        bool lengthIsSound = TryNumber(members.Length, long.MaxValue, out long? length);
        bool versionIsSound = TryNumber(members.Version, int.MaxValue, out long? version) && version != 0;
        string? checksum = Text(members.Checksum);
        string? reason =
            HasRepeatedMember(item) ? "it has a member twice"
            : !isFile && !isSession ? "its type is neither \"fd\" nor \"luo_session\""
            : name is null ? "its name is no text, or empty"
            : isFile && !hasToken ? "it has no token"
            : isFile && number is null ? "its token is no whole number below 2^64"
            : isFile && number == SessionCatalogue.Token ? "its token 0 is the catalogue's own"
            : isSession && sessionName is null ? "its sessionName is no text, or empty"
            : !sizeIsSound ? "its size is no whole number from 0 to 2^63-1"
            : !lengthIsSound || length > (size ?? 0) ? "its length is no whole number, or larger than its size"
            : !versionIsSound ? "its version is no whole number from 1 to 2^31-1"
            : length is null != version is null ? "a state has both a length and a version"
            : checksum is null && IsThere(members.Checksum) ? "its checksum is no text, or empty"
            : null;
        if (reason is null)
        {
            Entries.Add(new CatalogueEntry(unit, name!, isFile ? number : null, sessionName, size, checksum, length, (int?)version));
        }
        else
        {
            Unusable.Add(new UnusableCatalogueEntry(unit, index, name, number, reason));
        }
    }

    private void Refuse(string unit, string reason) => Unusable.Add(new UnusableCatalogueEntry(unit, -1, null, null, reason));

    private static bool IsThere(JsonElement value) => value.ValueKind is not (JsonValueKind.Undefined or JsonValueKind.Null);

    private static bool IsText(JsonElement value, ReadOnlySpan<byte> text) =>
        value.ValueKind == JsonValueKind.String && value.ValueEquals(text);

    private static string? Text(JsonElement value) =>
        value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;

    private static bool TryNumber(JsonElement value, long most, out long? number)
    {
        number = value.ValueKind == JsonValueKind.Number && value.TryGetUInt64(out ulong read) && read <= (ulong)most ? (long)read : null;
        return number is not null || !IsThere(value);
    }

    // A set for each larger object: clearing one costs what it once held. A few names are compared with each other, without one.
    private static bool HasRepeatedMember(JsonElement value)
    {
        int count = value.GetPropertyCount();
        if (count <= FewMembers)
        {
            return HasRepeatedMemberAmongFew(value.EnumerateObject());
        }

        var names = new HashSet<string>(count, StringComparer.Ordinal);
        foreach (JsonProperty member in value.EnumerateObject())
        {
            if (!names.Add(member.Name))
            {
                return true;
            }
        }

        return false;
    }

    private static bool HasRepeatedMemberAmongFew(JsonElement.ObjectEnumerator members)
    {
        while (members.MoveNext())
        {
            // A copy goes on from where this one stands.
            JsonElement.ObjectEnumerator others = members;
            string? name = null;
            while (others.MoveNext())
            {
                if (others.Current.NameEquals(name ??= members.Current.Name))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static void RequireUnique(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                if (HasRepeatedMember(value))
                {
                    throw Malformed("an object in it has a member twice");
                }

                foreach (JsonProperty member in value.EnumerateObject())
                {
                    RequireUnique(member.Value);
                }

                break;
            case JsonValueKind.Array:
                foreach (JsonElement item in value.EnumerateArray())
                {
                    RequireUnique(item);
                }

                break;
        }
    }

    private static JsonNode? ToNode(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => JsonObject.Create(value),
        JsonValueKind.Array => JsonArray.Create(value),
        _ => JsonValue.Create(value),
    };

    private static SessionCatalogueException Malformed(string what) =>
        new(SessionCatalogueFault.Malformed, $"The catalogue breaks its rules: {what}.");

    /// <summary>Holds what an entry has of the members that are known, found in one pass; one that is not there is undefined.</summary>
    private ref struct Members
    {
        public JsonElement Name;
        public JsonElement Type;
        public JsonElement Token;
        public JsonElement SessionName;
        public JsonElement Size;
        public JsonElement Length;
        public JsonElement Version;
        public JsonElement Checksum;

        public static Members Of(JsonElement item)
        {
            Members members = default;
            foreach (JsonProperty member in item.EnumerateObject())
            {
                if (member.NameEquals("name"u8))
                {
                    members.Name = member.Value;
                }
                else if (member.NameEquals("type"u8))
                {
                    members.Type = member.Value;
                }
                else if (member.NameEquals("token"u8))
                {
                    members.Token = member.Value;
                }
                else if (member.NameEquals("size"u8))
                {
                    members.Size = member.Value;
                }
                else if (member.NameEquals("checksum"u8))
                {
                    members.Checksum = member.Value;
                }
                else if (member.NameEquals("length"u8))
                {
                    members.Length = member.Value;
                }
                else if (member.NameEquals("version"u8))
                {
                    members.Version = member.Value;
                }
                else if (member.NameEquals("sessionName"u8))
                {
                    members.SessionName = member.Value;
                }
            }

            return members;
        }
    }
}
