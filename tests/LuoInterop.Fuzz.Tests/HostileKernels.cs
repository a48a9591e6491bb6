using LuoInterop.KernelImages;
using LuoInterop.Tests.Shared;

namespace LuoInterop.Fuzz.Tests;

/// <summary>Makes kernel images that have as much to look at as their length allows.</summary>
internal static class HostileKernels
{
    public static readonly (string Target, string What, Func<int, byte[]> Make)[] All =
    [
        ("kernel-none", "formats", static n => Plain("kho-v1\0", n)),
        ("kernel-none", "names that begin nowhere", static n => Plain(new string('a', 60) + "-v1\0", n)),
        ("kernel-none", "numbers without a name", static n => Plain("-v1\0", n)),
        ("kernel-none", "numbers without an end", static n => Plain("-v1", n)),
        ("kernel-none", "names of live update", static n => Plain("liveupdate", n)),
        ("kernel-none", "banners without a version", static n => Plain("Linux version ", n)),
        ("kernel-none", "beginnings of a configuration", static n => Plain("IKCFG_ST\x1f", n)),
        ("kernel-none", "configurations that are none", static n => Plain("IKCFG_ST\x1f\u008bIKCFG_ED", n)),
        ("kernel-none", "sections of ELF", static n => PackedKernel.Vmlinux(
            ["Linux version 7.3.4 (a@b) #1\n", ".liveupdate_versions"],
            [.. Enumerable.Repeat((".liveupdate_other", Array.Empty<byte>()), n / 82)])),
        ("kernel-none", "sections of PE", static n => Sections(".data", n)),
        ("kernel-none", "profiles", static n => Sections(".profile", n)),
        .. Enum.GetValues<KernelCompression>().Where(static compression => compression != KernelCompression.None).Select(
            static compression => (
                $"kernel-{compression}".ToLowerInvariant(),
                "bytes that pack badly",
                (Func<int, byte[]>)(n => PackedKernel.BzImage(compression, Random(n))))),
        ("lzo1x", "a length of zeroes", static n => new byte[n]),
        ("lzo1x", "copies", static n => [0x12, 0x61, .. Enumerable.Range(0, n / 2).SelectMany(static _ => (byte[])[0x80, 0])]),
        ("config", "options", static n => HostileInputs.Repeat("CONFIG_A=y\n", n)),
        ("config", "empty lines", static n => HostileInputs.Repeat("\n", n)),
    ];

    private static byte[] Plain(string repeated, int length) => PackedKernel.BzImage(
        KernelCompression.None, System.Text.Encoding.Latin1.GetBytes(string.Concat(Enumerable.Repeat(repeated, length / repeated.Length))));

    // A section has a header of 40 bytes; a UKI's kernel is behind them.
    private static byte[] Sections(string name, int length) => PackedKernel.Pe(
        isSigned: false,
        [
            (".linux", PackedKernel.BzImage(KernelCompression.None, new byte[100])),
            .. Enumerable.Repeat((name, Array.Empty<byte>()), length / 40),
        ]);

    private static byte[] Random(int length)
    {
        byte[] bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }
}
