using System.Runtime.InteropServices;
using LuoInterop.Systemd.Store;

namespace LuoInterop.Systemd;

/// <content>The messages, and their order.</content>
public sealed partial class FileDescriptorStore
{
    /// <summary>The name of the pipe that proves that systemd keeps what it is sent. It is there for the moment of the proof.</summary>
    private const string ProbeName = "luointerop-probe";

    private StoreProof Store(string name, SafeHandle descriptor, Deadline deadline)
    {
        DescriptorName.Check(name);
        ArgumentNullException.ThrowIfNull(descriptor);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            StoredCopy[] before = [.. _copies.Where(copy => copy.Name.Name == name)];
            StoredCopy? same = _copies.Find(copy => copy.IsOf(Kernel, descriptor));
            if (same is not null && same.Name.Name != name)
            {
                throw new FileDescriptorStoreException(
                    StoreRefusal.WrongDescriptor,
                    $"The file is stored as \"{same.Name.Name}\" already, and systemd keeps a file once. Remove that name before.",
                    name);
            }

            if (same is { IsCertain: false, IsProvable: true })
            {
                // No answer came when it was sent. It may have arrived since, and must not be there twice.
                WaitForBarrier(deadline);
                same.IsCertain = same.IsKept();
            }

            if (same is not null && same.IsCertain && (!same.IsProvable || same.IsKept()))
            {
                RemoveOthers(before, same, deadline);
                return same.IsProvable || same.WasReceived ? StoreProof.Proven : StoreProof.Unproven;
            }

            return StoreNew(name, descriptor, before, same, deadline);
        }
    }

    private StoreProof StoreNew(string name, SafeHandle descriptor, StoredCopy[] before, StoredCopy? same, Deadline deadline)
    {
        // A file of which no answer came is sent again under the name that it was to have: systemd keeps it once.
        ulong last = before.Length == 0 ? 0 : before.Max(static copy => copy.Name.Generation);
        DescriptorName next = same?.Name ?? new DescriptorName(name, last + 1);
        StoredCopy copy = StoredCopy.Prepare(Kernel, next, descriptor, out KernelHandle sent);
        try
        {
            using (sent)
            {
                bool isReplacement = before.Any(old => old != same);
                CheckRoom(name, (same is null ? 1 : 0) + (isReplacement && !copy.IsProvable ? 1 : 0), isReplacement);
                _socket.Send($"FDSTORE=1\nFDNAME={next.Stored}\nFDPOLL=0", sent, deadline);
            }
        }
        catch
        {
            copy.Dispose();
            throw;
        }

        // From here on systemd may have it, whatever fails.
        if (same is not null)
        {
            Forget(same);
        }

        _copies.Add(copy);
        WaitForBarrier(deadline);
        bool? isKept = copy.IsProvable ? copy.IsKept() : ProveByPipe(deadline);
        if (isKept == false)
        {
            if (copy.IsProvable)
            {
                Forget(copy);
            }

            throw NotKept(name);
        }

        copy.IsCertain = true;
        RemoveOthers(before, same, deadline);
        return isKept == true ? StoreProof.Proven : StoreProof.Unproven;
    }

    /// <summary>Removes what was replaced.</summary>
    private void RemoveOthers(StoredCopy[] before, StoredCopy? kept, Deadline deadline)
    {
        IEnumerable<StoredCopy> others = before.Where(copy => copy != kept && copy.Name != kept?.Name);
        foreach (string stored in others.Select(static copy => copy.Name.Stored).Distinct().ToArray())
        {
            RemoveStored(stored, deadline);
        }
    }

    private void RemoveStored(string stored, Deadline deadline)
    {
        _socket.Send($"FDSTOREREMOVE=1\nFDNAME={stored}", null, deadline);
        foreach (StoredCopy copy in _copies.Where(copy => copy.Name.Stored == stored).ToArray())
        {
            Forget(copy);
        }
    }

    private void Forget(StoredCopy copy)
    {
        _copies.Remove(copy);
        copy.Dispose();
    }

    private void WaitForBarrier(Deadline deadline)
    {
        using Pipe pipe = Pipe.Open(Kernel);
        _socket.Send("BARRIER=1", pipe.WriteEnd, deadline);
        pipe.WriteEnd.Dispose();
        if (!pipe.WaitForHangUp(deadline))
        {
            throw new TimeoutException(
                $"systemd did not answer a barrier in {deadline.Length.TotalSeconds:0.###} s: it is busy, or stopped. Whether it did "
                    + "what it was told before is not known. Call again, with more time.");
        }
    }

    /// <summary>Proves that systemd keeps what this process sends: by a pipe, whose other end is hung up where it does not.</summary>
    /// <returns>Null where the store has no room for it.</returns>
    /// <remarks>systemd removes the pipe by itself when its other end is closed, so that nothing is left where this process ends.</remarks>
    private bool? ProveByPipe(Deadline deadline)
    {
        if (KnownCount >= Capacity)
        {
            return null;
        }

        using Pipe pipe = Pipe.Open(Kernel);
        _socket.Send($"FDSTORE=1\nFDNAME={ProbeName}", pipe.WriteEnd, deadline);
        pipe.WriteEnd.Dispose();
        WaitForBarrier(deadline);
        bool isKept = !pipe.WaitForHangUp(Deadline.In(TimeSpan.Zero));
        if (isKept)
        {
            _socket.Send($"FDSTOREREMOVE=1\nFDNAME={ProbeName}", null, deadline);
        }

        return isKept;
    }

    /// <summary>Gets how many descriptors are known to be in the store, or may be. Received sockets are not counted: they may be of a
    /// socket
    /// unit.</summary>
    private int KnownCount => _copies.Count(copy => !copy.WasReceived
        || Received.Any(one => one.StoreName == copy.Name && one.Kind != DescriptorKind.Other));

    private void CheckRoom(string name, int needed, bool isReplacement)
    {
        int known = KnownCount;
        if (needed > 0 && known + needed > Capacity)
        {
            throw new FileDescriptorStoreException(
                StoreRefusal.Full,
                $"The store is full: FileDescriptorStoreMax={Capacity}, and {known} {(known == 1 ? "is" : "are")} stored: "
                    + $"{string.Join(", ", _copies.Select(static copy => copy.Name.Stored))}. "
                    + (isReplacement
                        ? $"Replacing \"{name}\" needs {needed} free, since the old one is removed when the new one is there. "
                        : "")
                    + "Raise it in the unit, run systemctl daemon-reload and restart the unit. Nothing was sent.",
                name);
        }
    }

    private FileDescriptorStoreException NotKept(string name) => new(
        StoreRefusal.NotKept,
        $"systemd read the message and did not keep \"{name}\". Either its store is full of descriptors that this process does not know "
            + $"(FileDescriptorStoreMax={Capacity}), or the unit's NotifyAccess= excludes this process. The unit's journal says which.",
        name);
}
