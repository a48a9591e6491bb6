namespace LuoInterop.Hunt;

/// <summary>Writes operations on a memory file.</summary>
internal sealed class MemoryLines(Choices choices, Values values, Action<string> line)
{
    /// <param name="file">The file's name.</param>
    /// <param name="isDevice">Whether it may be the device: its mode would stay for other scripts.</param>
    public void Write(string file, bool isDevice) => line(choices.Weighted<Func<string>>(
    [
        (10, () => $"pwrite {file} {values.Offset()} {values.Length()} seed={values.Seed()}"),
        (5, () => $"write {file} {values.Length()} seed={values.Seed()}"),
        (6, () => $"truncate {file} {values.Size()}"),
        (6, () => $"fallocate {file} {values.AllocateMode()} {values.Offset()} {values.Length()}"),
        (6, () => $"add_seals {file} {values.Seals()}"),
        (5, () => $"store {file} {NotNegative(values.Offset())} {values.MappedLength()} seed={values.Seed()}"),
        (2, () => $"madvise {file} {choices.Of("0", "4096", "8192", "64K")} {values.MappedLength()} {values.Advice()}"),
        (2, () => $"map {file} {values.MappedLength()} {choices.Of("", "prot=READ", "prot=READ private", "prot=READ|WRITE private")}".TrimEnd()),
        (2, () => $"unmap {file}"),
        (4, () => $"lseek {file} {values.Offset()} {choices.Of("SET", "CUR", "END", "DATA", "HOLE")}"),
        (2, () => isDevice ? $"stat {file}" : $"chmod {file} {values.Mode()}"),
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

    private static string NotNegative(string offset) => offset.StartsWith('-') ? "0" : offset;
}
