using System.Buffers;
using System.Text;
using System.Text.Unicode;

namespace LuoInterop.VmTesting.Machine;

/// <summary>Refuses options that could not mean what they say.</summary>
internal static class OptionsCheck
{
    // COMMAND_LINE_SIZE of x86 is 2048 with the end.
    internal const int MaxCommandLine = 2047;
    internal const int MaxName = 128;
    private const int MaxFilesInMemory = 64;

    internal static void Check(VmOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Require(options.Kernel is not null, "a kernel is needed", nameof(options.Kernel));
        Require(options.Command is { Count: > 0 } && options.Command[0].Length > 0, "a command is needed", nameof(options.Command));
        Require(options.Command!.All(IsText), "an argument holds a NUL or half of a surrogate pair", nameof(options.Command));
        Require(
            Directory.Exists(options.WorkingFolder) && IsText(options.WorkingFolder), $"the folder {options.WorkingFolder} does not exist",
            nameof(options.WorkingFolder));
        Require(
            options.Environment.All(pair =>
                pair.Key.Length > 0 && !pair.Key.Contains('=', StringComparison.Ordinal) && IsText(pair.Key) && IsText(pair.Value)),
            "a variable has an empty name, a name with '=', a NUL, or half of a surrogate pair",
            nameof(options.Environment));
        foreach ((string name, string source) in options.Files)
        {
            Require(
                IsFileName(name) && IsText(name), $"'{name}' is not a plain file name of at most {MaxName} characters",
                nameof(options.Files));
            Require(File.Exists(source), $"the file {source} does not exist", nameof(options.Files));
        }

        Require(options.FilesInMemory.Count <= MaxFilesInMemory, "there are too many", nameof(options.FilesInMemory));
        foreach (string path in options.FilesInMemory)
        {
            Require(
                Path.IsPathFullyQualified(path) && File.Exists(path) && IsText(path), $"'{path}' is not an absolute path of a file",
                nameof(options.FilesInMemory));
        }

        foreach (string folder in options.ShownFolders)
        {
            Require(
                Path.IsPathFullyQualified(folder) && Directory.Exists(folder), $"'{folder}' is not an absolute path of a folder",
                nameof(options.ShownFolders));
        }

        CheckRoot(options);
        Require(
            options.MemoryMiB is >= 256 and <= 1 << 20, $"{options.MemoryMiB} MiB of memory is not between 256 and 1048576",
            nameof(options.MemoryMiB));
        CheckMemoryImage(options);
        Require(options.Cpus is >= 1 and <= 255, $"{options.Cpus} processors is not between 1 and 255", nameof(options.Cpus));
        Require(
            options.ExpectedKernels is >= 1 and <= 65535, $"{options.ExpectedKernels} kernels is not between 1 and 65535",
            nameof(options.ExpectedKernels));
        Require(
            options.NextKernels.Count == 0 || options.NextKernels.Count == options.ExpectedKernels - 1,
            $"{options.NextKernels.Count} next kernels are not {options.ExpectedKernels - 1}, one for each expected kernel but the first",
            nameof(options.NextKernels));
        RequireLimit(options.TimeLimit, nameof(options.TimeLimit));
        RequireLimit(options.KernelTimeLimit, nameof(options.KernelTimeLimit));
        RequireLimit(options.PowerOffTimeLimit, nameof(options.PowerOffTimeLimit));
        Require(Enum.IsDefined(options.Accelerator), $"{options.Accelerator} is no accelerator", nameof(options.Accelerator));
        Require(!string.IsNullOrEmpty(options.Qemu), "QEMU's program is needed", nameof(options.Qemu));
        Require(options.CpuModel is not "", "the processor model is empty", nameof(options.CpuModel));
        Require(
            options.MaxFileBytes is >= 0 and <= int.MaxValue, $"{options.MaxFileBytes} bytes of files is not between 0 and {int.MaxValue}",
            nameof(options.MaxFileBytes));
        CheckCommandLine(options);
    }

    /// <summary>Says whether a name can be a file's in a folder of ours.</summary>
    internal static bool IsFileName(string name) =>
        name is { Length: > 0 and <= MaxName } and not "." and not ".." && !name.Any(c => c == '/' || char.IsControl(c));

    private static void CheckRoot(VmOptions options)
    {
        Require(options.Root is not null || options.RootFiles.Count == 0, "they need VmOptions.Root", nameof(options.RootFiles));
        Require(
            options.Root is null || options.FilesInMemory.Count == 0, "a root with systemd has none", nameof(options.FilesInMemory));
        foreach ((string path, string content) in options.RootFiles)
        {
            Require(
                Path.IsPathFullyQualified(path) && Path.GetFullPath(path) == path && IsText(path) && !path.EndsWith('/')
                    && !path.StartsWith("/usr/", StringComparison.Ordinal),
                $"'{path}' is not an absolute path of a file outside /usr",
                nameof(options.RootFiles));
            Require(IsText(content), $"the content of {path} holds a NUL or half of a surrogate pair", nameof(options.RootFiles));
        }
    }

    private static void CheckMemoryImage(VmOptions options)
    {
        if (options.MemoryImage is not { } path)
        {
            return;
        }

        Require(
            options.MemoryMiB <= VmOptions.MaxMemoryImageMiB,
            $"offsets are addresses up to {VmOptions.MaxMemoryImageMiB} MiB only; the guest has {options.MemoryMiB} MiB",
            nameof(options.MemoryImage));
        Require(Path.IsPathFullyQualified(path) && IsText(path), $"'{path}' is not an absolute path", nameof(options.MemoryImage));
        Require(Directory.Exists(Path.GetDirectoryName(path)), $"the folder of {path} does not exist", nameof(options.MemoryImage));
        Require(!Path.Exists(path), $"{path} exists already", nameof(options.MemoryImage));
    }

    private static void CheckCommandLine(VmOptions options)
    {
        foreach (string word in options.KernelCommandLine)
        {
            Require(
                word.Length > 0 && !word.Any(c => char.IsControl(c) || c > '~'), $"'{word}' is not a word of printable ASCII",
                nameof(options.KernelCommandLine));
            Require(
                !word.StartsWith("luo.stage=", StringComparison.Ordinal),
                "luo.stage is the harness's own word",
                nameof(options.KernelCommandLine));
        }

        string line = QemuCommand.KernelCommandLine(options, uint.MaxValue);
        Require(
            Encoding.ASCII.GetByteCount(line)
                <= MaxCommandLine, $"the kernel's command line would be {line.Length} bytes; the most is {MaxCommandLine}",
            nameof(options.KernelCommandLine));
    }

    private static void RequireLimit(TimeSpan limit, string name) =>
        Require(limit > TimeSpan.Zero && limit <= TimeSpan.FromDays(1), $"the limit {limit} is not between zero and a day", name);

    // It goes to the guest in UTF-8, which has no half of a surrogate pair: another text would arrive, under another name.
    private static bool IsText(string text) =>
        !text.Contains('\0', StringComparison.Ordinal)
        && Utf8.FromUtf16(text, new byte[Encoding.UTF8.GetMaxByteCount(text.Length)], out _, out _, replaceInvalidSequences: false)
            == OperationStatus.Done;

    private static void Require(bool holds, string what, string property)
    {
        if (!holds)
        {
            throw new ArgumentException($"VmOptions.{property}: {what}.");
        }
    }
}
