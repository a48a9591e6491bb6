using LuoInterop.Emulation;

namespace LuoInterop.Tests.Shared;

/// <summary>Is the memory that an emulated kernel left: two sessions, one with a catalogue, files of several shapes.</summary>
internal sealed class HandedOver : IDisposable
{
    public const string Named = "vm/1";
    public const string Plain = "plain";
    private const int Page = 4096;

    /// <param name="release">The kernel's release, which decides on the formats.</param>
    public HandedOver(string release = "7.3.4")
    {
        Folder = Directory.CreateTempSubdirectory("luo-images-").FullName;
        Raw = System.IO.Path.Combine(Folder, "raw");
        string image = System.IO.Path.Combine(Folder, "bzImage");
        EmulatedKernelImage.Write(image, release);
        using var machine = new EmulatedMachine(new EmulatedMachineOptions { Release = release, MemorySize = 512UL << 20 });
        Kernel kernel = machine.Boot();
        Make(kernel);
        KexecImage next = KexecImage.Load(kernel, image, null, "kho=on liveupdate=on");
        try
        {
            next.Reboot();
            throw new InvalidOperationException("The emulated kernel runs on.");
        }
        catch (EmulatedKexecException)
        {
            machine.SaveMemory(Raw);
        }
    }

    public string Folder { get; }

    /// <summary>Gets the raw image.</summary>
    public string Raw { get; }

    /// <summary>Gets the checksums of the files, by session and token.</summary>
    public Dictionary<(string Session, ulong Token), (long Size, string Sha256)> Files { get; } = [];

    /// <summary>Gets a path in the folder.</summary>
    public string Path(string name) => System.IO.Path.Combine(Folder, name);

    public void Dispose() => Directory.Delete(Folder, recursive: true);

    private void Make(Kernel kernel)
    {
        using LiveUpdateDevice device = LiveUpdateDevice.Open(kernel);
        LiveUpdateSession named = device.CreateSession(Named);
        using (SessionCatalogue catalogue = SessionCatalogue.Create(named, "guest"))
        {
            using Memfd ram = Patterned(kernel, (6L << 20) + (3 * Page) + 17, 1);
            Keep(Named, catalogue.Preserve("ram", ram, MemfdChecksum.Sha256(ram)), ram);
            using Memfd zeros = Memfd.Create(kernel, "zeros", 3L << 20);
            zeros.Write(1 << 20, "in the middle"u8);
            Keep(Named, catalogue.Preserve("disk/cache", zeros, MemfdChecksum.Sha256(zeros)), zeros);
            using Memfd changed = Patterned(kernel, 2 * Page, 3);
            Keep(Named, catalogue.Preserve("changed", changed, "sha256:" + new string('0', 64)), changed);
            catalogue.Commit();
        }

        named.HoldUntilKexec();
        LiveUpdateSession plain = device.CreateSession(Plain);
        foreach ((ulong token, long size) in ((ulong, long)[])[(7, 0), (8, 1), (ulong.MaxValue, Page + 1)])
        {
            using Memfd file = Patterned(kernel, size, (int)size);
            file.Position = size / 2;
            plain.Preserve(file, token);
            Keep(Plain, token, file);
        }

        plain.HoldUntilKexec();
        device.CreateSession("empty").HoldUntilKexec();
    }

    private void Keep(string session, ulong token, Memfd file) => Files.Add((session, token), (file.Size, MemfdChecksum.Sha256(file)));

    // Bytes that pack, and no two pages alike.
    private static Memfd Patterned(Kernel kernel, long size, int seed)
    {
        Memfd file = Memfd.Create(kernel, "patterned", size);
        byte[] page = new byte[Page];
        var random = new Random(seed);
        for (long at = 0; at < size; at += Page)
        {
            Array.Clear(page);
            random.NextBytes(page.AsSpan(0, random.Next(16, Page)));
            file.Write(at, page.AsSpan(0, (int)Math.Min(Page, size - at)));
        }

        return file;
    }
}
