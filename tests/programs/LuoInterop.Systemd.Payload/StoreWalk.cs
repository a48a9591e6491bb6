using System.Buffers.Binary;

namespace LuoInterop.Systemd.Payload;

/// <summary>Replaces a stored memfd again and again, so that a test can end the process between any two messages.</summary>
internal static class StoreWalk
{
    private const string Name = "walk";

    public static int Run(int steps)
    {
        using FileDescriptorStore store = FileDescriptorStore.Open();
        Say($"received {string.Join(' ', store.Received.Select(static one => one.StoredAs))}");
        uint number = 0;
        if (store.Received.TryTake(Name, out KernelHandle? handle))
        {
            // Stored again as it is: what a process before has left beside it goes.
            using var file = new Memfd(handle);
            number = Read(file);
            Say($"found {number}");
            store.Store(Name, file.Handle);
        }

        for (int i = 0; i < steps; i++)
        {
            using Memfd file = Memfd.Create(store.Kernel, Name, sizeof(uint));
            byte[] bytes = new byte[sizeof(uint)];
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, ++number);
            file.Write(0, bytes);
            Say($"stores {number}");
            StoreProof proof = store.Store(Name, file.Handle);
            Say($"{proof} {number}");
        }

        store.Barrier();
        Say("done");
        Thread.Sleep(Timeout.Infinite);
        return 0;
    }

    private static uint Read(Memfd file)
    {
        byte[] bytes = new byte[sizeof(uint)];
        return file.Read(0, bytes) == bytes.Length
            ? BinaryPrimitives.ReadUInt32LittleEndian(bytes)
            : throw new InvalidDataException("What came back is shorter than a number.");
    }

    private static void Say(string text)
    {
        Console.Out.WriteLine(text);
        Console.Out.Flush();
    }
}
