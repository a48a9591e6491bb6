using System.Security.Cryptography;

namespace LuoInterop;

/// <summary>Computes checksums of a memfd's content.</summary>
public static class MemfdChecksum
{
    private const int BlockSize = 1 << 20;

    /// <summary>Computes SHA-256 of the whole content. It is read, not mapped: a page that is lost, or a file that shrinks
    /// meanwhile, is no SIGBUS.</summary>
    /// <returns>A text such as <c>sha256:HEX</c>, lower case.</returns>
    /// <exception cref="KernelException">EIO, EHWPOISON: a page of the file has a hardware error.</exception>
    public static string Sha256(Memfd file) => Sha256(file, null, CancellationToken.None);

    /// <summary>Computes SHA-256 of the whole content, and tells how far it is.</summary>
    /// <param name="file">The memfd, which stays the caller's.</param>
    /// <param name="progress">Is told how many bytes are done, after every MiB; or null.</param>
    /// <param name="cancellation">Ends it early; nothing has changed then.</param>
    /// <returns>A text such as <c>sha256:HEX</c>, lower case.</returns>
    /// <exception cref="KernelException">EIO, EHWPOISON: a page of the file has a hardware error.</exception>
    /// <exception cref="OperationCanceledException">It was ended early.</exception>
    public static string Sha256(Memfd file, IProgress<long>? progress, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(file);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] block = new byte[BlockSize];
        int count;
        for (long offset = 0; (count = file.Read(offset, block)) > 0; offset += count)
        {
            cancellation.ThrowIfCancellationRequested();
            hash.AppendData(block, 0, count);
            progress?.Report(offset + count);
        }

        return Text(hash.GetHashAndReset());
    }

    /// <summary>Computes SHA-256 of bytes that are no file yet, as the same text.</summary>
    internal static string Sha256(ReadOnlySpan<byte> bytes)
    {
        Span<byte> hash = stackalloc byte[Sha256Digest.Size];
        Sha256Digest.Compute(bytes, hash);
        return Text(hash);
    }

    private static string Text(ReadOnlySpan<byte> hash) => "sha256:" + Convert.ToHexStringLower(hash);
}
