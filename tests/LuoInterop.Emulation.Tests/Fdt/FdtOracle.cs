using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.InteropServices;
using LuoInterop.Tests.Shared;

namespace LuoInterop.Emulation.Tests.Fdt;

/// <summary>Asks libfdt itself: oracle.c, a program of its own because a tree may lead it to where nothing is mapped.</summary>
internal sealed class FdtOracle : IDisposable
{
    private const int RequestSize = 6;
    private const int AnswerSize = 64;
    private const byte Flush = byte.MaxValue;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("luointerop-fdt-");
    private readonly Process _process;

    public FdtOracle()
    {
        Assert.Equal(AnswerSize, Marshal.SizeOf<FdtAnswer>());
        string program = Path.Combine(_folder.FullName, "oracle");
        string source = Path.Combine(Repository.Root, "tests/LuoInterop.Emulation.Tests/Fdt/oracle.c");

        // Without builtins, so that libfdt calls the string functions of the source.
        using (Process gcc = Process.Start(new ProcessStartInfo(
            "gcc", ["-O2", "-std=gnu17", "-fno-builtin", "-Wall", "-Wextra", "-Werror", "-o", program, source, "-l:libfdt.a"])
        {
            RedirectStandardError = true,
        })!)
        {
            string errors = gcc.StandardError.ReadToEnd();
            gcc.WaitForExit();
            Assert.True(gcc.ExitCode == 0, $"The oracle was not compiled (libfdt is in: apt-get install libfdt-dev):\n{errors}");
        }

        _process = Process.Start(new ProcessStartInfo(program) { RedirectStandardInput = true, RedirectStandardOutput = true })!;
    }

    /// <summary>Asks what trees mean.</summary>
    public FdtAnswer[] Judge(IReadOnlyList<FdtTree> trees)
    {
        var answers = new FdtAnswer[trees.Count];
        Task writing = Task.Run(() => Write(trees));
        _process.StandardOutput.BaseStream.ReadExactly(MemoryMarshal.AsBytes(answers.AsSpan()));
        writing.Wait();
        return answers;
    }

    public void Dispose()
    {
        _process.StandardInput.Close();
        _process.WaitForExit();
        int code = _process.ExitCode;
        _process.Dispose();
        _folder.Delete(recursive: true);
        Assert.Equal(0, code);
    }

    private void Write(IReadOnlyList<FdtTree> trees)
    {
        using var all = new MemoryStream();
        Span<byte> request = stackalloc byte[RequestSize];
        foreach (FdtTree tree in trees)
        {
            request[0] = (byte)tree.Form;
            request[1] = tree.Fill;
            BinaryPrimitives.WriteUInt16LittleEndian(request[2..], (ushort)tree.Offset);
            BinaryPrimitives.WriteUInt16LittleEndian(request[4..], (ushort)tree.Bytes.Length);
            all.Write(request);
            all.Write(tree.Bytes);
        }

        request.Clear();
        request[0] = Flush;
        all.Write(request);
        all.WriteTo(_process.StandardInput.BaseStream);
        _process.StandardInput.BaseStream.Flush();
    }
}
