using System.Buffers.Binary;
using LuoInterop;
using LuoInterop.Kvm;
using LuoInterop.Systemd;
using MiniVmm.Memory;

namespace MiniVmm.Store;

/// <summary>Keeps guests in systemd's descriptor store while this program is down, or while the kernel is replaced.</summary>
/// <remarks>
/// The RAM is stored when the guest starts, and stays. The state is stored when it has stopped, and removed before it runs again: a state
/// is in the store only as long as it belongs to the RAM that is there. A program that is killed leaves RAM without a state, and its guest
/// is lost. The device of live updates is not used: systemd carries what it stores.
/// </remarks>
internal sealed class GuestStore(FileDescriptorStore store)
{
    // The state's file: the guest's counter in 8 bytes, then MachineState.
    private const int Head = sizeof(ulong);

    /// <summary>Opens the store of this service.</summary>
    /// <exception cref="FileDescriptorStoreException">There is none; its message says why, and what to do.</exception>
    public static GuestStore Open() => new(FileDescriptorStore.Open());

    /// <summary>Takes a guest that was kept.</summary>
    /// <param name="name">Its name.</param>
    /// <returns>The guest; null where there is none, or only the RAM of one that was not stopped.</returns>
    /// <exception cref="KvmStateException">The state cannot be used here. The guest stays in the store.</exception>
    /// <exception cref="InvalidDataException">The state is cut. The guest stays in the store.</exception>
    public KeptGuest? Take(string name)
    {
        if (!store.Received.TryTake(StateOf(name), out KernelHandle? kept))
        {
            return null;
        }

        using var file = new Memfd(kept);
        byte[] bytes = new byte[Math.Min(file.Size, MachineState.MaximumBytes + Head)];
        if (file.Read(0, bytes) < Head)
        {
            throw new InvalidDataException($"What systemd keeps as the state of {name} is shorter than {Head} bytes.");
        }

        MachineState state = MachineState.Parse(bytes.AsSpan(Head));
        var low = new Memfd(store.Received.Take(RamOf(name, GuestRam.LowName)));
        Memfd? high = store.Received.TryTake(RamOf(name, GuestRam.HighName), out KernelHandle? more) ? new Memfd(more) : null;
        try
        {
            return new KeptGuest(GuestRam.FromFiles(low, high), state, BinaryPrimitives.ReadUInt64LittleEndian(bytes));
        }
        catch
        {
            low.Dispose();
            high?.Dispose();
            throw;
        }
    }

    /// <summary>Stores a guest's RAM. What was there of an earlier one is replaced, and its state removed.</summary>
    /// <exception cref="FileDescriptorStoreException">systemd does not keep it.</exception>
    public void KeepRam(string name, GuestRam ram)
    {
        BeforeItRuns(name);
        if (ram.Ranges.Count == 1)
        {
            store.Remove(RamOf(name, GuestRam.HighName));
        }

        foreach (GuestRamRange range in ram.Ranges)
        {
            store.Store(RamOf(name, range.Name), range.File.Handle);
        }
    }

    /// <summary>Stores the state of a guest that stands still. With it the guest is whole.</summary>
    /// <exception cref="FileDescriptorStoreException">systemd does not keep it.</exception>
    public void KeepState(string name, MachineState state, ulong counter)
    {
        byte[] bytes = [.. new byte[Head], .. state.ToBytes()];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, counter);
        using Memfd file = Memfd.Create(store.Kernel, StateOf(name), bytes.Length);
        file.Write(0, bytes);
        store.Store(StateOf(name), file.Handle);
        store.Barrier();
    }

    /// <summary>Removes the state, which no longer belongs to the RAM from the guest's next instruction on.</summary>
    public void BeforeItRuns(string name)
    {
        store.Remove(StateOf(name));
        store.Barrier();
    }

    /// <summary>Removes a guest that has ended.</summary>
    public void Remove(string name)
    {
        foreach (string stored in (string[])[StateOf(name), RamOf(name, GuestRam.LowName), RamOf(name, GuestRam.HighName)])
        {
            store.Remove(stored);
        }

        store.Barrier();
    }

    private static string StateOf(string name) => name + ".state";

    private static string RamOf(string name, string range) => $"{name}.{range}";
}
