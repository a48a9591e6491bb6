using LuoInterop.Kho;

namespace LuoInterop.Benchmarks;

/// <summary>Names what is measured: in results, tables and charts alike.</summary>
internal static class OperationNames
{
    public const string SystemCall = "system call";
    public const string MemoryCopy = "memory copy";
    public const string CopyThroughTmpfs = "copy through a file in tmpfs";
    public const string CopyThroughDisk = "copy through a file on disk";

    public const string Update = "live update";
    public const string Handover = "handover";
    public const string HandoverSessions = "handover of sessions";
    public const string HandoverFiles = "handover of files";
    public const string HandoverMemory = "memory for a handover";
    public const string Metadata = "metadata of a folio";

    public const string Create = "create and close a session";
    public const string RetrieveSessionAndFile = "retrieve a session and its file";
    public const string RetrieveSession = "retrieve a session";
    public const string Finish = "finish a session";
    public const string Preserve = "preserve a file";
    public const string RetrieveFile = "retrieve a file";

    public const string WriteList = "folios: write the list";
    public const string ReadList = "folios: read the list";
    public const string WriteArray = "folios: write the array";
    public const string ReadArray = "folios: read the array";
    public const string ListBytes = "folios: bytes of the list";
    public const string ArrayBytes = "folios: bytes of the array";
}
