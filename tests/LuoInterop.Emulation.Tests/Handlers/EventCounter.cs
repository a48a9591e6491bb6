using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace LuoInterop.Emulation.Tests.Handlers;

/// <summary>A handler such as a driver would have: an eventfd's counter goes over, in one of two forms.</summary>
/// <remarks>Form "counter-v1" has 32 bits, "counter-v2" has 64.</remarks>
internal sealed partial class EventCounter
{
    public const string V1 = "counter-v1";
    public const string V2 = "counter-v2";

    private readonly List<string> _calls = [];
    private ModuleContext? _context;

    /// <summary>Gets what was called, in order.</summary>
    public IReadOnlyList<string> Calls => _calls;

    public ModuleContext Context => _context!;

    /// <summary>Gets or sets what freeze answers.</summary>
    public int FreezeError { get; set; }

    /// <summary>Gets or sets whether the session may be finished.</summary>
    public bool MayFinish { get; set; } = true;

    public bool HasGetId { get; init; }

    /// <summary>Gets or sets the form that preserve chooses; null for the handler's first.</summary>
    public string? Chosen { get; set; }

    public EmulatedModule Module(string[] writes, string[] reads) => new("counter", context =>
    {
        _context = context;
        return context.RegisterFileHandler(new LiveUpdateFileHandler(writes, reads, Operations));
    });

    public LiveUpdateFileOperations Operations => new()
    {
        CanPreserve = static (_, file) => IsEventFd(file),
        Preserve = arguments =>
        {
            _calls.Add("preserve");
            arguments.Compatible = Chosen ?? arguments.Compatible;
            arguments.SerializedData = _context!.Memory.AllocatePreserve(8);
            return arguments.SerializedData == 0 ? -12 : Save(arguments);
        },
        Unpreserve = arguments =>
        {
            _calls.Add("unpreserve");
            _context!.Memory.UnpreserveFree(arguments.SerializedData);
        },
        Freeze = arguments =>
        {
            _calls.Add("freeze");
            return FreezeError != 0 ? FreezeError : Save(arguments);
        },
        Unfreeze = _ => _calls.Add("unfreeze"),
        Retrieve = Retrieve,
        CanFinish = arguments =>
        {
            _calls.Add($"can_finish {arguments.RetrieveStatus}");
            return MayFinish;
        },
        Finish = arguments =>
        {
            _calls.Add($"finish {arguments.RetrieveStatus}");
            _context!.Memory.RestoreFree(arguments.SerializedData);
        },
        GetId = HasGetId ? static _ => 42 : null,
    };

    public static SafeFileHandle Make(uint count)
    {
        int fd = LibC.eventfd(count, 0x80800); // EFD_CLOEXEC | EFD_NONBLOCK
        Assert.True(fd >= 0);
        return new SafeFileHandle(fd, ownsHandle: true);
    }

    public static ulong Take(SafeHandle file)
    {
        byte[] counter = new byte[8];
        Assert.Equal(8, Kernel.Linux.Read(file, counter));
        return BinaryPrimitives.ReadUInt64LittleEndian(counter);
    }

    private int Retrieve(LiveUpdateFileArguments arguments)
    {
        _calls.Add($"retrieve {arguments.Compatible}");
        byte[] saved = new byte[8];
        Assert.Equal(0, _context!.Memory.Read(arguments.SerializedData, saved));
        arguments.File = Make(BinaryPrimitives.ReadUInt32LittleEndian(saved.AsSpan(arguments.Compatible == V1 ? 0 : 4)));
        return 0;
    }

    // V1 has the count at 0, V2 at 4: a reader of the wrong form gets 0.
    private int Save(LiveUpdateFileArguments arguments)
    {
        ulong count = Take(arguments.File!);
        byte[] word = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(word, count);
        Assert.Equal(8, Kernel.Linux.Write(arguments.File!, word));
        byte[] saved = new byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(saved.AsSpan(arguments.Compatible == V1 ? 0 : 4), (uint)count);
        return _context!.Memory.Write(arguments.SerializedData, saved);
    }

    private static bool IsEventFd(SafeHandle file) =>
        Kernel.Linux.ReadLink(file, out string text) == 0 && text == "anon_inode:[eventfd]";
}
