using System.Security.Cryptography;

namespace LuoInterop;

/// <summary>Computes checksums of a memfd's content.</summary>
public static class MemfdChecksum
{
    private const int BlockSize = 1 << 20;

    /// <summary>Computes SHA-256 of the whole content. It is read, not mapped: a page that is lost, or a file that shrinks meanwhile, is no SIGBUS.</summary>
    /// <returns>A text such as <c>sha256:HEX</c>, lower case.</returns>
    /// <exception cref="KernelException">EIO, EHWPOISON: a page of the file has a hardware error.</exception>
    public static string Sha256(Memfd file)
    {
        ArgumentNullException.ThrowIfNull(file);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] block = new byte[BlockSize];
        int count;
        for (long offset = 0; (count = file.Read(offset, block)) > 0; offset += count)
        {
            hash.AppendData(block, 0, count);
        }

        return "sha256:" + Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
