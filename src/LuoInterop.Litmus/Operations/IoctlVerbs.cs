using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using LuoInterop.Litmus.Language;

namespace LuoInterop.Litmus.Operations;

/// <summary>Makes ioctl(2) with any number, size, content and address.</summary>
internal static class IoctlVerbs
{
    private const int LargestArgument = 1 << 20;

    private static readonly Dictionary<string, ArgumentPlace> Places = new()
    {
        ["writable"] = ArgumentPlace.Writable,
        ["readonly"] = ArgumentPlace.ReadOnly,
        ["unmapped"] = ArgumentPlace.Unmapped,
        ["null"] = ArgumentPlace.Null,
        ["odd"] = ArgumentPlace.Odd,
        ["cut"] = ArgumentPlace.Cut,
    };

    public static IReadOnlyList<Verb> All { get; } =
    [
        new(
            "ioctl",
            "[NAME =] ioctl FILE REQUEST [size=N] [fd=FILE|N] [name=\"name\"] [token=N] [reserved=N] [tail=OFFSET:BYTE] "
            + "[at=writable|readonly|unmapped|null|odd|cut]",
            "Makes ioctl(2) with this request number. The structure is the one of the request's lowest byte; `size` is its size "
            + "field, and as much memory is there; "
            + "`tail` sets a byte; `at` says where it lies (the memory always ends at a page that nothing follows). Observed are "
            + "the result, and what the kernel wrote back.",
            Compile),
    ];

    private static LitmusOperation Compile(Arguments arguments)
    {
        string file = arguments.Descriptor();
        uint request = unchecked((uint)arguments.Number("the request number"));
        long size = arguments.OptionalNumber("size") ?? Structure.SizeOf(request);
        string? fd = arguments.OptionalWord("fd");
        SessionNameField? name = arguments.OptionalName("name");
        long? token = arguments.OptionalNumber("token");
        long? reserved = arguments.OptionalNumber("reserved");
        (int Offset, byte Value)? tail = Tail(arguments);
        ArgumentPlace place = arguments.OptionalWord("at") is not { } at ? ArgumentPlace.Writable
            : Places.TryGetValue(at, out ArgumentPlace found) ? found
            : throw arguments.Wrong($"at={at} is none of {string.Join(", ", Places.Keys)}.");
        if (size is < 0 or > uint.MaxValue)
        {
            throw arguments.Wrong("size is a u32.");
        }

        return new((process, target) =>
        {
            if (process.Find(file) is not { } handle)
            {
                return LitmusProcess.Unset;
            }

            // A size beyond what is there faults at the unmapped page, as it would in a program.
            byte[] bytes = new byte[Math.Max(Structure.SizeOf(request), Math.Min(size, LargestArgument))];
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, (uint)size);
            int second = -1;
            if (fd is not null && !int.TryParse(fd, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out second))
            {
                second = process.Find(fd) is { } passed ? (int)passed.DangerousGetHandle() : -1;
            }

            bool hasReserved = (request & 0xff) is 0x42 or 0x43;
            BinaryPrimitives.WriteInt32LittleEndian(
                bytes.AsSpan(Structure.SecondWord), hasReserved && fd is null ? (int)(reserved ?? 0) : second);
            if (token is { } number && bytes.Length >= Structure.FileSize)
            {
                BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(Structure.Payload), number);
            }

            if (name is not null && bytes.Length >= Structure.NamedSize)
            {
                name.Write(bytes.AsSpan(Structure.Payload, SessionNameField.Length), process.Prefix);
            }

            if (tail is { } extra && extra.Offset < bytes.Length)
            {
                bytes[extra.Offset] = extra.Value;
            }

            using var pages = new UserPages(bytes, place);
            int result = process.Kernel.Ioctl(handle, request, pages.Address);
            return Observe(process, target, request, bytes, pages.Content, result);
        });
    }

    // What was written back: only what differs from what was passed, field by field.
    private static string Observe(LitmusProcess process, string? target, uint request, byte[] before, ReadOnlySpan<byte> after, int result)
    {
        var text = new StringBuilder(LitmusProcess.Describe(result));
        int structureSize = Structure.SizeOf(request);
        if (!after.IsEmpty)
        {
            if (!after[..4].SequenceEqual(before.AsSpan(0, 4)))
            {
                text.Append(" size-changed");
            }

            if (!after[4..8].SequenceEqual(before.AsSpan(4, 4)))
            {
                text.Append(" second-word-written");
            }

            if (structureSize > 8 && !after[8..structureSize].SequenceEqual(before.AsSpan(8, structureSize - 8)))
            {
                text.Append(structureSize == Structure.NamedSize
                    ? " name=" + SessionNameField.Describe(after[8..structureSize], process.Prefix)
                    : " token-changed");
            }

            if (!after[structureSize..].SequenceEqual(before.AsSpan(structureSize)))
            {
                text.Append(" tail-changed");
            }
        }

        // The descriptor that a request gave belongs to the script, named or not.
        if (result >= 0 && (request is 0xBA00 or 0xBA01 or 0xBA41) && !after.IsEmpty)
        {
            process.Assign(target, Structure.Fd(after));
        }

        return text.ToString();
    }

    private static (int Offset, byte Value)? Tail(Arguments arguments)
    {
        if (arguments.OptionalWord("tail") is not { } text)
        {
            return null;
        }

        string[] parts = text.Split(':');
        return parts.Length == 2
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out int offset)
            && offset < LargestArgument
            && byte.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out byte value)
                ? (offset, value)
                : throw arguments.Wrong($"tail={text} is not OFFSET:BYTE.");
    }
}
