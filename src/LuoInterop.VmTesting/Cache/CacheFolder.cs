using System.Reflection;
using System.Security.Cryptography;

namespace LuoInterop.VmTesting.Cache;

/// <summary>Finds the folder that outlives runs: built kernels, compiled guest programs, what the accelerator probe found.</summary>
internal static class CacheFolder
{
    /// <summary>Gives the caller's folder, else $LUO_CACHE, else $XDG_CACHE_HOME/luointerop, else ~/.cache/luointerop;
    /// creates it.</summary>
    internal static string Open(string? chosen = null)
    {
        string folder = chosen ?? Environment.GetEnvironmentVariable("LUO_CACHE") ?? "";
        if (folder.Length == 0)
        {
            string? xdg = Environment.GetEnvironmentVariable("XDG_CACHE_HOME");
            string home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            if (string.IsNullOrEmpty(xdg) && string.IsNullOrEmpty(home))
            {
                throw new VmSetupException("No cache folder: neither LUO_CACHE, XDG_CACHE_HOME nor HOME is set.");
            }

            folder = Path.Combine(string.IsNullOrEmpty(xdg) ? Path.Combine(home, ".cache") : xdg, "luointerop");
        }

        folder = Path.GetFullPath(folder);
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new VmSetupException($"The cache folder {folder} cannot be created: {e.Message} Set LUO_CACHE to a writable folder.", e);
        }

        return folder;
    }

    /// <summary>Writes a file so that other processes see either nothing or all of it.</summary>
    internal static void WriteWhole(string path, ReadOnlySpan<byte> content, UnixFileMode mode)
    {
        string temporary = $"{path}.{Guid.NewGuid():N}";
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            using (FileStream stream =
                new(temporary, new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write, UnixCreateMode = mode }))
            {
                stream.Write(content);
            }

            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // File.Delete would throw where the folder itself could not be made.
            if (File.Exists(temporary))
            {
                File.Delete(temporary);
            }

            throw new VmSetupException($"{path} cannot be written: {e.Message}", e);
        }
    }

    /// <summary>Names the content of several parts by one short hash.</summary>
    internal static string Key(params IEnumerable<byte[]> parts)
    {
        using IncrementalHash hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (byte[] part in parts)
        {
            hash.AppendData(BitConverter.GetBytes(part.Length));
            hash.AppendData(part);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }

    /// <summary>Reads a file that this assembly carries.</summary>
    internal static byte[] Resource(string name)
    {
        using Stream stream = Assembly.GetExecutingAssembly().GetManifestResourceStream(name)
            ?? throw new InvalidOperationException($"The assembly carries no resource {name}.");
        using MemoryStream copy = new();
        stream.CopyTo(copy);
        return copy.ToArray();
    }
}
