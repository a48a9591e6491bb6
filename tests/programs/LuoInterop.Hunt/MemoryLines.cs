namespace LuoInterop.Hunt;

/// <summary>Writes operations on a memory file.</summary>
public sealed class MemoryLines(Choices choices, Values values, Action<string> line)
{
    /// <summary>Writes an operation on a memory file.</summary>
    public void Write(string file) => line(choices.Weighted<Func<string>>(
    [
        (10, () => $"pwrite {file} {values.Offset()} {values.Length()} seed={values.Seed()}"),
        (5, () => $"write {file} {values.Length()} seed={values.Seed()}"),
        (6, () => $"truncate {file} {values.Size()}"),
        (6, () => $"fallocate {file} {values.AllocateMode()} {values.Offset()} {values.Length()}"),
        (6, () => $"add_seals {file} {values.Seals()}"),
        (5, () => $"store {file} {NotNegative(values.Offset())} {values.MappedLength()} seed={values.Seed()}"),
        (2, () => $"madvise {file} {choices.Of("0", "4096", "8192", "64K")} {values.MappedLength()} {values.Advice()}"),
        (2, () => $"map {file} {values.MappedLength()} {Protection(choices)}".TrimEnd()),
        (2, () => $"unmap {file}"),
        (4, () => $"lseek {file} {values.Offset()} {choices.Of("SET", "CUR", "END", "DATA", "HOLE")}"),
        (2, () => $"chmod {file} {values.Mode()}"),
        (2, () => $"setfl {file} {choices.Of("APPEND", "0", "NONBLOCK")}"),
        (3, () => $"read {file} {values.Length()}"),
        (3, () => $"pread {file} {values.Offset()} {values.Length()}"),
        (2, () => $"unlink {choices.Of("one", "two")}"),
        (4, () => $"stat {file}"),
        (3, () => $"hash {file}"),
        (2, () => $"seals {file}"),
        (1, () => $"link {file}"),
        (1, () => $"getfl {file}"),
        (1, () => $"getfd {file}"),
    ])());

    /// <summary>Writes an operation on something else: one that changes nothing which scripts share, and that cannot wait.</summary>
    public void WriteAstray(string name) => line(choices.Of<Func<string>>(
        () => $"truncate {name} {values.Size()}",
        () => $"fallocate {name} {values.AllocateMode()} {values.Offset()} {values.Length()}",
        () => $"add_seals {name} {values.Seals()}",
        () => $"seals {name}",
        () => $"map {name} {values.MappedLength()} prot=READ",
        () => $"store {name} 0 {values.MappedLength()}",
        () => $"getfd {name}")());

    private static string Protection(Choices choices) => choices.Of("", "prot=READ", "prot=READ private", "prot=READ|WRITE private");

    private static string NotNegative(string offset) => offset.StartsWith('-') ? "0" : offset;
}
