using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace LuoInterop;

/// <summary>Holds a catalogue: which names stand for which tokens of a session, in the JSON shape of systemd's mapping.</summary>
/// <remarks>
/// <para>The shape is <c>{"version":1,"state":{"kexecsCount":N},"units":{UNIT:{"fdstore":[{"type":"fd","name":NAME,"token":N}]}}}</c>
/// with our own members <c>size</c>, <c>checksum</c>, <c>length</c> and <c>version</c> in an entry and <c>luointerop</c> at the
/// top. Members that this
/// version does not know are kept and written again; a newer <c>version</c> or format version is refused.</para>
/// <para>Not safe for use from several threads at once. Source of the shape: systemd 261, <c>src/core/luo.c</c>.</para>
/// </remarks>
public sealed class CatalogueDocument
{
    /// <summary>The version of the shape that this library reads and writes.</summary>
    public const int SupportedVersion = 1;

    /// <summary>The largest document in bytes that is read or written.</summary>
    public const int MaximumBytes = 16 << 20;

    // A guess that seldom has to grow: growing copies, and large arrays are cleared.
    private const int FirstBytes = 1024;
    private const int BytesOfAnEntry = 96;

    private static readonly JsonWriterOptions WriteOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static ReadOnlySpan<byte> ByteOrderMark => [0xef, 0xbb, 0xbf];

    private readonly Lazy<JsonObject> _tree;
    private readonly List<CatalogueEntry> _entries = [];
    private readonly Dictionary<(string Unit, string Name), CatalogueEntry> _byName = [];
    private readonly HashSet<(string Unit, string Name)> _ambiguous = [];
    private readonly Dictionary<ulong, CatalogueEntry> _byToken = [];

    /// <summary>Makes an empty catalogue.</summary>
    public CatalogueDocument()
        : this(
            static () => new JsonObject { ["version"] = SupportedVersion, ["state"] = new JsonObject(), ["units"] = new JsonObject() }, [])
    {
    }

    private CatalogueDocument(Func<JsonObject> root, IReadOnlyList<UnusableCatalogueEntry> unusable) =>
        (_tree, Unusable) = (new Lazy<JsonObject>(root, LazyThreadSafetyMode.None), unusable);

    private JsonObject Root => _tree.Value;

    /// <summary>Gets the entries in the order of the document.</summary>
    public IReadOnlyList<CatalogueEntry> Entries => _entries;

    /// <summary>Gets the entries that were read but cannot be used, in the order of the document, each with the reason.</summary>
    public IReadOnlyList<UnusableCatalogueEntry> Unusable { get; }

    /// <summary>Gets or sets how many live updates the state has gone through, <c>state.kexecsCount</c>; 0 where another program
    /// wrote no such number.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Set to what systemd cannot read: below 0, or above 2^32-1.</exception>
    public long KexecsCount
    {
        get => Root["state"] is JsonObject state && state["kexecsCount"] is JsonValue value
            && value.TryGetValue(out uint count) ? count : 0;
        set
        {
            ArgumentOutOfRangeException.ThrowIfNegative(value);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(value, uint.MaxValue);
            Child(Root, "state")["kexecsCount"] = (uint)value;
        }
    }

    /// <summary>Reads a catalogue from bytes that are not trusted.</summary>
    /// <remarks>
    /// <para>An entry, or a unit, that cannot be used costs itself, as in systemd: it is in <see cref="Unusable"/>, and kept for the
    /// next writer. That is one without token or name, with a number that is none (a text too), with token 0, of a type that
    /// is not known, or with a member twice. JSON that is none, a version, or the same member twice elsewhere costs all.</para>
    /// <para>Two entries of one name are both in <see cref="Entries"/>, and <see cref="Find"/> refuses the name: systemd gives names
    /// to several files. Two names of one token are both usable, and lead to the same file. Of a unit that is there twice the
    /// first counts.</para>
    /// <para>A byte order mark before the text and NULs behind it are passed over. Time and memory are linear in the bytes.</para>
    /// </remarks>
    /// <exception cref="SessionCatalogueException">The bytes are no catalogue that this version can use; the fault says why.</exception>
    public static CatalogueDocument Parse(ReadOnlySpan<byte> bytes)
    {
        if (bytes.Length > MaximumBytes)
        {
            throw new SessionCatalogueException(SessionCatalogueFault.TooLarge, $"The catalogue has more than {MaximumBytes} bytes.");
        }

        // Neither is text: an editor puts the one before it, C programs the other behind it.
        bytes = bytes.StartsWith(ByteOrderMark) ? bytes[ByteOrderMark.Length..] : bytes;
        bytes = bytes.TrimEnd((byte)0);
        CatalogueHeader.Check(bytes);
        CatalogueReader reader = CatalogueReader.Read(bytes);
        var document = new CatalogueDocument(reader.ToRoot, reader.Unusable);
        reader.Entries.ForEach(document.Index);
        return document;
    }

    /// <summary>Writes the catalogue with its header.</summary>
    /// <exception cref="SessionCatalogueException">It is larger than <see cref="MaximumBytes"/>.</exception>
    public byte[] ToBytes()
    {
        var text = new ArrayBufferWriter<byte>(FirstBytes + (_entries.Count * BytesOfAnEntry));
        using var writer = new Utf8JsonWriter(text, WriteOptions);
        Encoding.UTF8.GetBytes(CatalogueHeader.Blank, text);
        if (Root[CatalogueHeader.Key] is JsonObject own)
        {
            AppendMembers(
                text, writer, own.Where(static member => member.Key is not ("magic" or "formatVersion" or "length" or "sha256")));
        }

        text.Write("}"u8);
        AppendMembers(text, writer, Root.Where(static member => member.Key != CatalogueHeader.Key));
        text.Write("}"u8);
        byte[] bytes = text.WrittenSpan.ToArray();
        if (bytes.Length > MaximumBytes)
        {
            throw new SessionCatalogueException(SessionCatalogueFault.TooLarge, $"The catalogue has more than {MaximumBytes} bytes.");
        }

        CatalogueHeader.Complete(bytes);
        return bytes;
    }

    /// <summary>Adds an entry.</summary>
    /// <exception cref="ArgumentException">The unit has an entry of this name already, the token is used or 0, or the entry is
    /// incomplete.</exception>
    public void Add(CatalogueEntry entry)
    {
        Check(entry);
        JsonArray store = Array(Child(Child(Root, "units"), entry.Unit), "fdstore");
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

        if (entry.Length is { } length)
        {
            node["length"] = length;
        }

        if (entry.Version is { } version)
        {
            node["version"] = version;
        }

        store.Add((JsonNode)node);
        Index(entry);
    }

    /// <summary>Puts an entry in the place of the one that has its name.</summary>
    /// <exception cref="ArgumentException">As for <see cref="Add"/>; the old entry stays.</exception>
    internal void Replace(CatalogueEntry entry)
    {
        CatalogueEntry old = Find(entry.Unit, entry.Name) ?? throw new ArgumentException($"The unit \"{entry.Unit}\" has no entry "
            + $"\"{entry.Name}\".", nameof(entry));
        Remove(old);
        try
        {
            Add(entry);
        }
        catch
        {
            Add(old);
            throw;
        }
    }

    private void Remove(CatalogueEntry entry)
    {
        JsonArray store = Array(Child(Child(Root, "units"), entry.Unit), "fdstore");
        store.RemoveAt(store.ToList().FindIndex(node => node is JsonObject item && item["name"] is JsonValue name
            && name.TryGetValue(out string? text) && text == entry.Name));
        _entries.Remove(entry);
        _byName.Remove((entry.Unit, entry.Name));
        if (entry.Token is { } token)
        {
            _byToken.Remove(token);
        }
    }

    /// <summary>Finds the entry of a name; null when the unit has none.</summary>
    /// <exception cref="SessionCatalogueException">Another program wrote several of this name.</exception>
    public CatalogueEntry? Find(string unit, string name)
    {
        return _ambiguous.Contains((unit, name))
            ? throw new SessionCatalogueException(
                SessionCatalogueFault.Ambiguous, $"The catalogue has several entries \"{name}\" of \"{unit}\"; retrieve them by their "
                    + "tokens.")
            : _byName.GetValueOrDefault((unit, name));
    }

    /// <summary>Tells whether an entry has a token.</summary>
    public bool HasToken(ulong token) => _byToken.ContainsKey(token);

    /// <summary>Makes a catalogue without entries that keeps all that this version does not know, for the next live update.</summary>
    public CatalogueDocument WithoutEntries()
    {
        var root = (JsonObject)Root.DeepClone();
        if (root["units"] is JsonObject units)
        {
            foreach ((_, JsonNode? unit) in units)
            {
                (unit as JsonObject)?.Remove("fdstore");
            }
        }

        return new CatalogueDocument(() => root, []);
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

        if (entry.Size < 0)
        {
            throw new ArgumentException("An entry's size is null or not negative.", nameof(entry));
        }

        if (entry.Length is null != entry.Version is null || entry.Length < 0 || entry.Length > (entry.Size ?? 0) || entry.Version < 1)
        {
            throw new ArgumentException("A state has a length, at most its file's size, and a version from 1 on; a file has "
                + "neither.", nameof(entry));
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

    private static void AppendMembers(
        ArrayBufferWriter<byte> text, Utf8JsonWriter writer, IEnumerable<KeyValuePair<string, JsonNode?>> members)
    {
        foreach ((string key, JsonNode? value) in members)
        {
            text.Write(",\""u8);
            text.Write(JsonEncodedText.Encode(key, WriteOptions.Encoder).EncodedUtf8Bytes);
            text.Write("\":"u8);
            if (value is null)
            {
                text.Write("null"u8);
                continue;
            }

            value.WriteTo(writer);
            writer.Flush();
            writer.Reset();
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
}
