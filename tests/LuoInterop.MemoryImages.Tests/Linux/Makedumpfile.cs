using System.Diagnostics;
using System.Text;
using LuoInterop.HandoverBytes.Payload;
using LuoInterop.VmTesting;
using Xunit;

namespace LuoInterop.MemoryImages.Tests.Linux;

/// <summary>Runs Debian's makedumpfile on memory that QEMU dumped.</summary>
internal static class Makedumpfile
{
    /// <summary>Writes a dump, once, and gives its path.</summary>
    /// <param name="linux">The kernel, of which "raw" is the memory.</param>
    /// <param name="level">What is left out: <c>-d</c>.</param>
    /// <param name="packing"><c>-c</c>, <c>-l</c>, or <c>-F</c> for a flattened one.</param>
    public static string Write(LinuxDumps linux, int level, string packing)
    {
        string core = linux.PathOf("core");
        if (!File.Exists(core))
        {
            GuestFile note = linux.Files.Single(static file => file.Name == Dumped.Note);
            PlainCore.Write(linux.PathOf("raw"), Encoding.ASCII.GetString(note.Content.Span), core);
        }

        string dump = linux.PathOf($"makedumpfile{level}{packing}");
        if (File.Exists(dump))
        {
            return dump;
        }

        string command = $"makedumpfile {packing} -d {level} {core}";
        (int code, string said) = Run("sh", "-c", packing == "-F" ? $"{command} > {dump}" : $"{command} {dump}");
        Assert.True(code == 0, said);
        return dump;
    }

    private static (int Code, string Said) Run(string program, params string[] words)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, words) { RedirectStandardError = true })!;
        string said = process.StandardError.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, said);
    }
}
