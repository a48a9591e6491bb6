using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LuoInterop;

/// <summary>Holds a catalogue: which names stand for which tokens of a session, in the JSON shape of systemd's mapping.</summary>
/// <remarks>
/// <para>The shape is <c>{"version":1,"state":{"kexecsCount":N},"units":{UNIT:{"fdstore":[{"type":"fd","name":NAME,"token":N}]}}}</c>
/// with our own members <c>size</c> and <c>checksum</c> in an entry and <c>luointerop</c> at the top. Members that this
/// version does not know are kept and written again; a newer <c>version</c> or format version is refused.</para>
/// <para>Not safe for use from several threads at once. Source of the shape: systemd 261, <c>src/core/luo.c</c>.</para>
/// </remarks>
public sealed class CatalogueDocument
{
    /// <summary>The version of the shape that this library reads and writes.</summary>
    public const int SupportedVersion = 1;

    /// <summary>The largest document in bytes that is read or written.</summary>
    public const int MaximumBytes = 16 << 20;

    private const int MaximumDepth = 32;

    private static readonly JsonSerializerOptions WriteOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly JsonObject _root;
    private readonly List<CatalogueEntry> _entries = [];
    private readonly Dictionary<(string Unit, string Name), CatalogueEntry> _byName = [];
    private readonly HashSet<(string Unit, string Name)> _ambiguous = [];
    private readonly Dictionary<ulong, CatalogueEntry> _byToken = [];

    /// <summary>Makes an empty catalogue.</summary>
    public CatalogueDocument()
        : this(new JsonObject { ["version"] = SupportedVersion, ["state"] = new JsonObject(), ["units"] = new JsonObject() })
    {
    }

    private CatalogueDocument(JsonObject root) => _root = root;

    /// <summary>Gets the entries in the order of the document.</summary>
    public IReadOnlyList<CatalogueEntry> Entries => _entries;

    /// <summary>Gets or sets how many live updates the state has gone through, <c>state.kexecsCount</c>.</summary>
    public long KexecsCount
    {
        get => _root["state"] is JsonObject state && state["kexecsCount"] is JsonValue value && value.TryGetValue(out long count) && count >= 0 ? count : 0;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            Child(_root, "state")["kexecsCount"] = value;
        }
    }

    /// <summary>Reads a catalogue from bytes that are not trusted.</summary>
    /// <exception cref="SessionCatalogueException">The bytes are no catalogue that this version can use; the fault says why.</exception>
    public static CatalogueDocument Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaximumBytes)
        {
            throw new SessionCatalogueException(SessionCatalogueFault.TooLarge, $"The catalogue has more than {MaximumBytes} bytes.");
        }

        bool ours = CatalogueHeader.Check(bytes);
        CheckText(bytes);
        JsonObject root;
        try
        {
            root = JsonNode.Parse(
                bytes,
                documentOptions: new JsonDocumentOptions { MaxDepth = MaximumDepth, AllowDuplicateProperties = false }) as JsonObject
                ?? throw Malformed("it is no JSON object");
        }
        catch (JsonException error)
        {
            throw new SessionCatalogueException(SessionCatalogueFault.Malformed, "The catalogue is no JSON: " + error.Message, error);
        }

        // systemd's first release had no version.
        int version = root["version"] is null ? SupportedVersion : Number<int>(root["version"], "version");
        if (version > SupportedVersion)
        {
            throw new SessionCatalogueException(
                SessionCatalogueFault.NewerVersion,
                $"The catalogue has version {version}; this program knows up to {SupportedVersion}. Retrieve the files with the program that wrote it, or by their tokens.");
        }

        var document = new CatalogueDocument(root);
        document.ReadEntries(unique: ours);
        return document;
    }

    /// <summary>Writes the catalogue with its header.</summary>
    /// <exception cref="SessionCatalogueException">It is larger than <see cref="MaximumBytes"/>.</exception>
    public byte[] ToBytes()
    {
        var text = new StringBuilder(CatalogueHeader.Blank);
        if (_root[CatalogueHeader.Key] is JsonObject own)
        {
            AppendMembers(text, own.Where(static member => member.Key is not ("magic" or "formatVersion" or "length" or "sha256")));
        }

        text.Append('}');
        AppendMembers(text, _root.Where(static member => member.Key != CatalogueHeader.Key));
        text.Append('}');
        byte[] bytes = Encoding.UTF8.GetBytes(text.ToString());
        if (bytes.Length > MaximumBytes)
        {
            throw new SessionCatalogueException(SessionCatalogueFault.TooLarge, $"The catalogue has more than {MaximumBytes} bytes.");
        }

        CatalogueHeader.Complete(bytes);
        return bytes;
    }

    /// <summary>Adds an entry.</summary>
    /// <exception cref="ArgumentException">The unit has an entry of this name already, the token is used or 0, or the entry is incomplete.</exception>
    public void Add(CatalogueEntry entry)
    {
        Check(entry);
        JsonArray store = Array(Child(Child(_root, "units"), entry.Unit), "fdstore");
        var node = new JsonObject { ["type"] = entry.Token is null ? "luo_session" : "fd", ["name"] = entry.Name };
        if (entry.Token is { } token)
        {
            node["token"] = token;
        }
        else
        {
            node["sessionName"] = entry.SessionName;
        }

        if (entry.Size is { } size)
        {
            node["size"] = size;
        }

        if (entry.Checksum is { } checksum)
        {
            node["checksum"] = checksum;
        }

        store.Add((JsonNode)node);
        Index(entry);
    }

    /// <summary>Finds the entry of a name; null when the unit has none.</summary>
    /// <exception cref="SessionCatalogueException">Another program wrote several of this name.</exception>
    public CatalogueEntry? Find(string unit, string name)
    {
        return _ambiguous.Contains((unit, name))
            ? throw new SessionCatalogueException(
                SessionCatalogueFault.Ambiguous, $"The catalogue has several entries \"{name}\" of \"{unit}\"; retrieve them by their tokens.")
            : _byName.GetValueOrDefault((unit, name));
    }

    /// <summary>Tells whether an entry has a token.</summary>
    public bool HasToken(ulong token) => _byToken.ContainsKey(token);

    /// <summary>Makes a catalogue without entries that keeps all that this version does not know, for the next live update.</summary>
    public CatalogueDocument WithoutEntries()
    {
        var root = (JsonObject)_root.DeepClone();
        if (root["units"] is JsonObject units)
        {
            foreach ((_, JsonNode? unit) in units)
            {
                (unit as JsonObject)?.Remove("fdstore");
            }
        }

        return new CatalogueDocument(root);
    }

    /// <summary>Checks what <see cref="Add"/> takes, and changes nothing.</summary>
    /// <exception cref="ArgumentException">As for <see cref="Add"/>.</exception>
    internal void Check(CatalogueEntry entry)
    {
        ArgumentNullException.ThrowIfNull(entry);
        ArgumentException.ThrowIfNullOrEmpty(entry.Unit);
        ArgumentException.ThrowIfNullOrEmpty(entry.Name);
        if (entry.Token is null == entry.SessionName is null)
        {
            throw new ArgumentException("An entry has either a token or a session name.", nameof(entry));
        }

        if (entry.SessionName is "" || entry.Checksum is "")
        {
            throw new ArgumentException("An entry's session name and checksum are null or not empty.", nameof(entry));
        }

        if (entry.Token == SessionCatalogue.Token)
        {
            throw new ArgumentException($"Token {SessionCatalogue.Token} belongs to the catalogue itself.", nameof(entry));
        }

        // A lone surrogate would be written as U+FFFD, and two names become one.
        if (!IsWellFormed(entry.Unit) || !IsWellFormed(entry.Name) || !IsWellFormed(entry.SessionName) || !IsWellFormed(entry.Checksum))
        {
            throw new ArgumentException("An entry's texts must be well-formed Unicode, without lone surrogates.", nameof(entry));
        }

        if (Collision(entry) is { } collision)
        {
            throw new ArgumentException(collision, nameof(entry));
        }
    }

    private string? Collision(CatalogueEntry entry)
    {
        if (_byName.ContainsKey((entry.Unit, entry.Name)))
        {
            return $"The unit \"{entry.Unit}\" has an entry \"{entry.Name}\" already.";
        }

        return entry.Token is { } token && _byToken.TryGetValue(token, out CatalogueEntry? other)
            ? $"Token {token} is the entry \"{other.Name}\" already."
            : null;
    }

    private void Index(CatalogueEntry entry)
    {
        _entries.Add(entry);
        if (!_byName.TryAdd((entry.Unit, entry.Name), entry))
        {
            _ambiguous.Add((entry.Unit, entry.Name));
        }

        if (entry.Token is { } token)
        {
            _byToken.TryAdd(token, entry);
        }
    }

    private void ReadEntries(bool unique)
    {
        if (_root["units"] is null)
        {
            return;
        }

        foreach ((string unit, JsonNode? value) in _root["units"] as JsonObject ?? throw Malformed("\"units\" is no object"))
        {
            JsonNode? store = (value as JsonObject ?? throw Malformed($"the unit \"{unit}\" is no object"))["fdstore"];
            foreach (JsonNode? item in store is null ? [] : store as JsonArray ?? throw Malformed($"\"fdstore\" of \"{unit}\" is no array"))
            {
                CatalogueEntry? entry = ReadEntry(unit, item as JsonObject ?? throw Malformed($"an entry of \"{unit}\" is no object"));
                if (entry is null)
                {
                    continue;
                }

                if (unique && Collision(entry) is { } collision)
                {
                    throw Malformed(collision);
                }

                Index(entry);
            }
        }
    }

    /// <summary>Reads an entry; null for a type that this version does not know, which is kept in the document.</summary>
    private static CatalogueEntry? ReadEntry(string unit, JsonObject item)
    {
        string type = Text(item["type"], "type");
        if (type is not ("fd" or "luo_session"))
        {
            return null;
        }

        string name = Text(item["name"], "name");
        long? size = item["size"] is { } sizeNode ? Number<long>(sizeNode, "size") : null;
        string? checksum = item["checksum"] is { } checksumNode ? Text(checksumNode, "checksum") : null;
        return type == "fd"
            ? new(unit, name, Number<ulong>(item["token"], "token"), null, size, checksum)
            : new(unit, name, null, Text(item["sessionName"], "sessionName"), size, checksum);
    }

    /// <summary>Checks that every text is well-formed: what is kept unread must still be writable later.</summary>
    private static void CheckText(ReadOnlySpan<byte> bytes)
    {
        try
        {
            var reader = new Utf8JsonReader(bytes, new JsonReaderOptions { MaxDepth = MaximumDepth });
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
            throw new SessionCatalogueException(SessionCatalogueFault.Malformed, "The catalogue has a text that is not well-formed Unicode.", error);
        }
    }

    private static void AppendMembers(StringBuilder text, IEnumerable<KeyValuePair<string, JsonNode?>> members)
    {
        foreach ((string key, JsonNode? value) in members)
        {
            text.Append(",\"").Append(JsonEncodedText.Encode(key, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)).Append("\":")
                .Append(value?.ToJsonString(WriteOptions) ?? "null");
        }
    }

    private static bool IsWellFormed(string? text)
    {
        for (ReadOnlySpan<char> rest = text; !rest.IsEmpty;)
        {
            if (Rune.DecodeFromUtf16(rest, out _, out int consumed) != OperationStatus.Done)
            {
                return false;
            }

            rest = rest[consumed..];
        }

        return true;
    }

    private static JsonObject Child(JsonObject parent, string key)
    {
        if (parent[key] is not JsonObject child)
        {
            parent[key] = child = [];
        }

        return child;
    }

    private static JsonArray Array(JsonObject parent, string key)
    {
        if (parent[key] is not JsonArray child)
        {
            parent[key] = child = [];
        }

        return child;
    }

    private static string Text(JsonNode? node, string what) =>
        node is JsonValue value && value.TryGetValue(out string? text) && text.Length > 0 ? text : throw Malformed($"\"{what}\" is no text");

    private static T Number<T>(JsonNode? node, string what)
        where T : struct =>
        node is JsonValue value && value.TryGetValue(out T number) ? number : throw Malformed($"\"{what}\" is no number in its range");

    private static SessionCatalogueException Malformed(string what) =>
        new(SessionCatalogueFault.Malformed, $"The catalogue breaks its rules: {what}.");
}
