using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;
using Xunit;

namespace LuoInterop.Contract.Rows;

/// <summary>Which files the memfd handler takes, and what preserving does to them.</summary>
[Section(5, "Which files the memfd handler takes, and what preserving does to them", "mm/memfd_luo.c")]
public static class MemfdContract
{
    private static readonly int TmpfsFlags = LibC.O_RDWR | LibC.O_CREAT | LibC.O_CLOEXEC;

    public static Scenario Accepts_WhatPreservabilityAccepts => Scenario
        .Of("Taken: address space of shmem and no link. Memfds, unlinked tmpfs files; nothing else. Preservability.Of agrees.")
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Create();
            ulong token = 0;
            Check(PreservabilityRule.Accepted, s.MemfdWith(4096, 50).Handle);
            Check(PreservabilityRule.Accepted, s.MemfdWith(4096, 51, new MemfdOptions { AllowSealing = false }).Handle);
            Check(PreservabilityRule.Accepted, Tmpfs(s, unlink: true));
            Check(PreservabilityRule.Linked, Tmpfs(s, unlink: false));
            Check(PreservabilityRule.NotMemory, Opened(s, "/dev/null", LibC.O_RDWR));
            Check(PreservabilityRule.NotMemory, Opened(s, "/proc/self/cmdline", LibC.O_RDONLY));
            Check(PreservabilityRule.NotMemory, Opened(s, "/", LibC.O_RDONLY));
            Refused.With(Errno.ENOENT, () => session.Preserve(session.Handle, 99));
            Refused.With(Errno.ENOENT, () => session.Preserve(s.Device.Handle, 99));

            void Check(PreservabilityRule expected, SafeHandle file)
            {
                Assert.Equal(expected, Preservability.Of(s.Kernel, file).Rule);
                if (expected == PreservabilityRule.Accepted)
                {
                    session.Preserve(file, ++token);
                }
                else
                {
                    Refused.With(Errno.ENOENT, () => session.Preserve(file, 99));
                }
            }
        });

    public static Scenario Pipe_ENOENT => Scenario
        .Of("A pipe is no file that can be preserved.")
        .Kernel(static s =>
        {
            using var pipe = new System.IO.Pipes.AnonymousPipeServerStream();
            Refused.With(Errno.ENOENT, () => s.Create().Preserve(pipe.SafePipeHandle, 1));
        });

    public static Scenario UnlinkedTmpfsFile_OpenedReadOnly_ComesBackWritable => Scenario
        .Of("The open mode is not looked at; what comes back is open for reading and writing.")
        .Kernel(static s =>
        {
            string path = $"/dev/shm/{s.Name()}";
            using SafeFileHandle writer = Opened(s, path, TmpfsFlags);
            Refused.Not(s.Kernel.PWrite(writer, "tmpfs"u8, 0));
            SafeFileHandle reader = Opened(s, path, LibC.O_RDONLY);
            File.Delete(path);
            LiveUpdateSession session = s.Create();
            session.Preserve(reader, 1);
            session.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            Memfd memfd = s.Own(s.Retrieve().RetrieveMemfd(1));
            byte[] content = new byte[6];
            Assert.Equal(5, memfd.Read(0, content));
            Assert.Equal("tmpfs\0"u8, content);
            memfd.Write(0, "TMPFS+"u8);
            Assert.Equal(6, memfd.Size);
        });

    public static Scenario Preserve_FillsHoles => Scenario
        .Of("Preserving allocates and zeroes every hole: the block count rises to the full size (memfd_pin_folios), and stays "
            + "after the abort.")
        .Kernel(static s =>
        {
            Memfd memfd = s.Own(Memfd.Create(s.Kernel, "sparse", 8 << 20));
            memfd.Write(4 << 20, "middle"u8);
            Assert.True(memfd.Status.Blocks < 8 << 11);
            LiveUpdateSession session = s.Create();
            session.Preserve(memfd, 1);
            Assert.Equal(8 << 11, memfd.Status.Blocks);
            session.Abort();
            Assert.Equal(8 << 11, memfd.Status.Blocks);
        });

    public static Scenario OneTebibyteSparse_ENOMEM => Scenario
        .Of("1 TiB needs a list of 2^28 pages of 8 bytes, more than INT_MAX bytes: ENOMEM whatever memory there is (kvmalloc). "
            + "Preservability says TooLarge.")
        .Kernel(static s =>
        {
            Memfd memfd = s.Own(Memfd.Create(s.Kernel, "1T", 1L << 40));
            Assert.Equal(PreservabilityRule.TooLarge, memfd.Preservability.Rule);
            LiveUpdateSession session = s.Create();
            Refused.With(Errno.ENOMEM, () => session.Preserve(memfd, 1));

            // The failure thawed the file and left the token free.
            memfd.SetSize(4096);
            session.Preserve(memfd, 1);
        });

    public static Scenario MoreThanUintMaxPages_EFBIG => Scenario
        .Of("More than 4,294,967,295 pages is EFBIG.")
        .Kernel(static s =>
        {
            Memfd memfd = s.Own(Memfd.Create(s.Kernel, "16T", 1L << 44));
            Refused.With(Errno.EFBIG, () => s.Create().Preserve(memfd, 1));
            memfd.SetSize((1L << 44) + 1);
        });

    public static Scenario ExecSeal_RefusedByTheLibrary_InsistedComesBackReadOnly => Scenario
        .Of("F_SEAL_EXEC goes in as 0x20 and comes back as 0x3e on a file of mode 0777: read-only for ever. The library refuses it "
            + "unless told otherwise.")
        .Kernel(static s =>
        {
            Memfd memfd = s.MemfdWith(4096, 52, new MemfdOptions { Executable = MemfdExecutable.Sealed });
            Assert.Equal(MemfdSeals.Exec, memfd.Seals);
            LiveUpdateSession session = s.Create();
            ArgumentException error = Assert.Throws<ArgumentException>(() => session.Preserve(memfd, 1));
            Assert.Contains("F_SEAL_EXEC", error.Message, StringComparison.Ordinal);
            Assert.Equal(PreservabilityRule.ExecSeal, memfd.Preservability.Rule);
            session.Preserve(memfd, 1, PreserveOptions.AllowExecSeal);
            session.HoldUntilKexec();
        })
        .Kernel(static s =>
        {
            Memfd memfd = s.Own(s.Retrieve().RetrieveMemfd(1));
            Pattern.Verify(memfd, 4096, 52);
            Assert.Equal((MemfdSeals)0x3e, memfd.Seals);
            Assert.Equal(0x81FFu, memfd.Status.Mode);
            Refused.With(Errno.EPERM, () => memfd.Write(0, "x"u8));
            Refused.With(Errno.EPERM, () => memfd.SetSize(8192));
        });

    private static SafeFileHandle Tmpfs(Stage s, bool unlink)
    {
        string path = $"/dev/shm/{s.Name(unlink ? "unlinked" : "linked")}";
        SafeFileHandle file = Opened(s, path, TmpfsFlags);
        Refused.Not(s.Kernel.PWrite(file, "tmpfs"u8, 0));
        if (unlink)
        {
            File.Delete(path);
        }
        else
        {
            s.Own(new Unlink(path));
        }

        return file;
    }

    private static SafeFileHandle Opened(Stage s, string path, int flags) =>
        s.Own(new SafeFileHandle((nint)Refused.Not(s.Kernel.Open(path, flags | LibC.O_CLOEXEC, 0x180)), ownsHandle: true));

    private sealed class Unlink(string path) : IDisposable
    {
        public void Dispose() => File.Delete(path);
    }
}
