using System.Globalization;
using System.Text;
using LuoInterop.Interop;
using LuoInterop.Tests.Shared;
using Tmds.Linux;
using Xunit;

namespace LuoInterop.Contract.Rows;

/// <summary>What loading an image promises of the jump.</summary>
[Section(12, "What loading an image promises of the jump", "kernel/kexec_core.c, kernel/kexec_file.c, arch/x86/kernel/kexec-bzimage64.c")]
public static class KexecContract
{
    private const string LimitPath = "/proc/sys/kernel/kexec_load_limit_reboot";
    private const string CommandLine = "kho=on liveupdate=on";

    public static Scenario LoadLimit_OnceSet_IsLoweredByEveryLoadAndUnload => Scenario
        .Of("sysctl kernel.kexec_load_limit_reboot is -1 at boot, takes any number once, and then only lower ones; every permitted "
            + "load and unload lowers it, also one that fails.")
        .Kernel(static s =>
        {
            if (Limit(s.Kernel) < 0)
            {
                Refused.Not(SetLimit(s.Kernel, Text(int.MaxValue)));
            }

            int left = Limit(s.Kernel);
            Refused.Not(s.Kernel.KexecFileLoad(null, null, "", KexecHeader.KEXEC_FILE_UNLOAD));
            Assert.Equal(left - 1, Limit(s.Kernel));
            Refused.With(Errno.EBADF, s.Kernel.KexecFileLoad(null, null, "", 0));
            Assert.Equal(left - 2, Limit(s.Kernel));
            Refused.With(Errno.EINVAL, s.Kernel.KexecFileLoad(null, null, "", 1U << 31));
            Assert.Equal(left - 3, Limit(s.Kernel));
            Refused.With(Errno.EINVAL, SetLimit(s.Kernel, "-1"));
            Refused.With(Errno.EINVAL, SetLimit(s.Kernel, Text(left)));
            Refused.With(Errno.EINVAL, SetLimit(s.Kernel, Text(left - 3)));
            Refused.With(Errno.EINVAL, SetLimit(s.Kernel, "many"));
            Refused.Not(SetLimit(s.Kernel, Text(left - 10)));
            Assert.Equal(left - 10, Limit(s.Kernel));

            // The library counts by it too, and leaves one that is there.
            KexecImage.Load(s.Kernel, s.NextKernelPath, null, CommandLine);
            Assert.Equal(left - 11, Limit(s.Kernel));
            KexecImage.Unload(s.Kernel);
        });

    public static Scenario Reboot_AfterAnotherLoad_IsRefused_AndAllIsAsBefore => Scenario
        .Of("The library refuses to jump when anybody loaded or unloaded an image since its own load (ESTALE), or nothing is loaded "
            + "(EINVAL); sessions stay.")
        .Kernel(static s =>
        {
            LiveUpdateSession session = s.Create();
            session.Preserve(s.MemfdWith(4096, 43), 1);
            KexecImage first = KexecImage.Load(s.Kernel, s.NextKernelPath, null, CommandLine);
            Assert.Equal(false, first.IsReplaced);
            KexecImage second = KexecImage.Load(s.Kernel, s.NextKernelPath, null, CommandLine);
            Assert.Equal((true, false), (first.IsReplaced, second.IsReplaced));
            Assert.Equal(true, KexecImage.IsLoaded(s.Kernel));
            Refused.With(Errno.ESTALE, first.Reboot);
            KexecImage.Unload(s.Kernel);
            Assert.Equal(true, second.IsReplaced);
            Refused.With(Errno.EINVAL, second.Reboot);
            session.Preserve(s.MemfdWith(4096, 44), 2);
            session.HoldUntilKexec();
        })
        .Kernel(static s => s.VerifyFiles((1, 4096, 43), (2, 4096, 44)));

    public static Scenario Load_ImageWithoutItsEnd_IsTakenByTheKernel_AndRefusedByTheLibrary => Scenario
        .Of("kexec_file_load takes an image whose end is missing, as long as its setup code is there (ENOEXEC without); the library "
            + "refuses it (ENOEXEC).")
        .Kernel(static s =>
        {
            byte[] image = File.ReadAllBytes(s.NextKernelPath);
            string path = $"/dev/shm/{s.Name()}";
            try
            {
                WrittenFile.Write(path, image[..^64]);
                KernelException error = Refused.With(Errno.ENOEXEC, () => KexecImage.Load(s.Kernel, path, null, CommandLine));
                Assert.Contains("missing", error.Message, StringComparison.Ordinal);
                Assert.NotEqual(true, KexecImage.IsLoaded(s.Kernel));
                Refused.Not(LoadPastTheLibrary(s.Kernel, path));
                Assert.NotEqual(false, KexecImage.IsLoaded(s.Kernel));
                KexecImage.Unload(s.Kernel);

                WrittenFile.Write(path, image[..1023]);
                Refused.With(Errno.ENOEXEC, LoadPastTheLibrary(s.Kernel, path));
            }
            finally
            {
                File.Delete(path);
            }
        });

    public static Scenario Load_WhatIsNoKernel_IsNamed => Scenario
        .Of("An empty image is EINVAL, a unified kernel image ENOEXEC, an empty RAM disk EINVAL; the library says which it was.")
        .Kernel(static s =>
        {
            string path = $"/dev/shm/{s.Name()}";
            try
            {
                WrittenFile.Write(path, []);
                Assert.Contains(
                    "is empty",
                    Refused.With(Errno.EINVAL, () => KexecImage.Load(s.Kernel, path, null, CommandLine)).Message,
                    StringComparison.Ordinal);
                Assert.Contains(
                    "RAM disk is empty",
                    Refused.With(Errno.EINVAL, () => KexecImage.Load(s.Kernel, s.NextKernelPath, path, CommandLine)).Message,
                    StringComparison.Ordinal);
                WrittenFile.Write(path, UnifiedKernelImage());
                Assert.Contains(
                    "(UKI)",
                    Refused.With(Errno.ENOEXEC, () => KexecImage.Load(s.Kernel, path, null, CommandLine)).Message,
                    StringComparison.Ordinal);
            }
            finally
            {
                File.Delete(path);
            }
        });

    private static int Limit(Kernel kernel)
    {
        using var file = new KernelHandle(kernel);
        Refused.Not(file.Take(kernel.Open(LimitPath, LibC.O_RDONLY | LibC.O_CLOEXEC)));
        byte[] text = new byte[64];
        int length = (int)Refused.Not(kernel.PRead(file, text, 0));
        return int.Parse(Encoding.ASCII.GetString(text, 0, length).TrimEnd('\n'), CultureInfo.InvariantCulture);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);

    private static long SetLimit(Kernel kernel, string text)
    {
        using var file = new KernelHandle(kernel);
        Refused.Not(file.Take(kernel.Open(LimitPath, LibC.O_WRONLY | LibC.O_CLOEXEC)));
        return kernel.Write(file, Encoding.ASCII.GetBytes(text + "\n"));
    }

    private static long LoadPastTheLibrary(Kernel kernel, string path)
    {
        using var image = new KernelHandle(kernel);
        Refused.Not(image.Take(kernel.Open(path, LibC.O_RDONLY | LibC.O_CLOEXEC)));
        return kernel.KexecFileLoad(image, null, CommandLine, KexecHeader.KEXEC_FILE_NO_INITRAMFS);
    }

    // A DOS header, a COFF header of one section and no optional header, and the section.
    private static byte[] UnifiedKernelImage()
    {
        byte[] image = new byte[4096];
        "MZ"u8.CopyTo(image);
        image[0x3c] = 0x40;
        "PE\0\0"u8.CopyTo(image.AsSpan(0x40));
        image[0x46] = 1;
        ".linux"u8.CopyTo(image.AsSpan(0x58));
        return image;
    }
}
