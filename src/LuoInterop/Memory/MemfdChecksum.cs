using System.Security.Cryptography;

namespace LuoInterop;

/// <summary>Computes checksums of a memfd's content.</summary>
public static class MemfdChecksum
{
    private const int Window = 16 << 20;

    /// <summary>Computes SHA-256 of the whole content, through read-only windows of it.</summary>
    /// <returns>A text such as <c>sha256:HEX</c>, lower case.</returns>
    public static string Sha256(Memfd file)
    {
        ArgumentNullException.ThrowIfNull(file);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long size = file.Size;
        if (size > 0)
        {
            using MemfdMapping mapping = file.Map(0, size, writable: false);
            for (long offset = 0; offset < size; offset += Window)
            {
                hash.AppendData(mapping.GetReadOnlySpan(offset, (int)Math.Min(Window, size - offset)));
            }
        }

        return "sha256:" + Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
