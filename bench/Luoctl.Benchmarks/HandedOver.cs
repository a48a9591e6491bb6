using LuoInterop.Emulation;

namespace LuoInterop.Cli.Benchmarks;

/// <summary>Makes the image of a machine's memory with one large memory file in folios of 4 KiB.</summary>
internal static class HandedOver
{
    private const string CommandLine = "kho=on liveupdate=on";
    private const int BlockSize = 1 << 20;

    /// <summary>Writes the raw image as an emulated kernel leaves it at a jump.</summary>
    /// <param name="path">Where to; sparse.</param>
    /// <param name="bytes">The memory file's size.</param>
    public static void Write(string path, long bytes)
    {
        string image = path + ".kernel";
        EmulatedKernelImage.Write(image);
        using var machine = new EmulatedMachine(new EmulatedMachineOptions
        {
            CommandLine = CommandLine, MemorySize = (ulong)(bytes * 2) + (512UL << 20), LargestFolioOrder = 0,
        });
        Kernel kernel = machine.Boot();
        using LiveUpdateDevice device = LiveUpdateDevice.Open(kernel);
        LiveUpdateSession session = device.CreateSession("vm");
        using (Memfd file = Memfd.Create(kernel, "ram", bytes))
        {
            byte[] block = new byte[BlockSize];
            new Random(1).NextBytes(block);
            for (long at = 0; at < bytes; at += BlockSize)
            {
                file.Write(at, block);
            }

            session.Preserve(file, 1);
        }

        session.HoldUntilKexec();
        KexecImage next = KexecImage.Load(kernel, image, null, CommandLine);
        device.Dispose();
        try
        {
            next.Reboot();
            throw new InvalidOperationException("The emulated kernel runs on.");
        }
        catch (EmulatedKexecException)
        {
            machine.SaveMemory(path);
        }
        finally
        {
            File.Delete(image);
        }
    }
}
