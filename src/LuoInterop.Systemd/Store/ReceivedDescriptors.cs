using System.Collections;
using System.Diagnostics.CodeAnalysis;
using LuoInterop.Systemd.Store;

namespace LuoInterop.Systemd;

/// <summary>Holds what systemd passed at the start of the service: the store's descriptors, and those of socket units.</summary>
/// <remarks>
/// What nobody takes stays here and in the store, and is passed again at the next start. Descriptors are closed on exec. Members may be
/// called from several threads at once.
/// </remarks>
public sealed class ReceivedDescriptors : IReadOnlyList<ReceivedDescriptor>
{
    private readonly ReceivedDescriptor[] _all;

    internal ReceivedDescriptors(IEnumerable<ReceivedDescriptor> all) => _all = [.. all];

    /// <inheritdoc/>
    public int Count => _all.Length;

    /// <summary>Gets those that nobody took.</summary>
    public IEnumerable<ReceivedDescriptor> Untaken => _all.Where(static one => !one.IsTaken);

    /// <summary>Gets the names that several descriptors have. Of a replacement and what it replaces only the newer counts.</summary>
    public IEnumerable<string> AmbiguousNames => _all.Select(static one => one.Name).Distinct().Where(name => Newest(name).Length > 1);

    /// <inheritdoc/>
    public ReceivedDescriptor this[int index] => _all[index];

    /// <summary>Finds the descriptor of a name, taken or not.</summary>
    /// <returns>The newest; null where there is none.</returns>
    /// <exception cref="FileDescriptorStoreException">Several have the name (<see cref="StoreRefusal.Ambiguous"/>).</exception>
    public ReceivedDescriptor? Find(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        ReceivedDescriptor[] found = Newest(name);
        return found.Length switch
        {
            0 => null,
            1 => found[0],
            _ => throw new FileDescriptorStoreException(
                StoreRefusal.Ambiguous,
                $"systemd passed {found.Length} descriptors named \"{name}\", and does not say which is the newest: "
                    + $"{string.Join(", ", found.Select(static one => one.LinkText))}. Take them with TakeAll, or remove the name.",
                name),
        };
    }

    /// <summary>Takes the descriptor of a name.</summary>
    /// <param name="name">The name with which it was stored.</param>
    /// <returns>The descriptor, which belongs to the caller. The store keeps its own until it is removed.</returns>
    /// <exception cref="FileDescriptorStoreException">There is none or it was taken (<see cref="StoreRefusal.NotReceived"/>), or there
    /// are several (<see cref="StoreRefusal.Ambiguous"/>).</exception>
    public KernelHandle Take(string name) => TryTake(name, out KernelHandle? handle) ? handle : throw NotReceived(name);

    /// <summary>Takes the descriptor of a name, where it is there and nobody took it.</summary>
    /// <inheritdoc cref="Take(string)"/>
    /// <param name="name">The name with which it was stored.</param>
    /// <param name="handle">The descriptor, which belongs to the caller.</param>
    public bool TryTake(string name, [NotNullWhen(true)] out KernelHandle? handle)
    {
        ReceivedDescriptor? found = Find(name);
        handle = found?.TryTake() == true ? found.Handle : null;
        return handle is not null;
    }

    /// <summary>Takes every descriptor of a name that nobody took, newest copy first, where several have it.</summary>
    public IReadOnlyList<KernelHandle> TakeAll(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return
        [
            .. _all.Where(one => one.Name == name)
                .OrderByDescending(static one => one.StoreName.Generation)
                .Where(static one => one.TryTake())
                .Select(static one => one.Handle),
        ];
    }

    /// <inheritdoc/>
    public IEnumerator<ReceivedDescriptor> GetEnumerator() => _all.AsEnumerable().GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    internal FileDescriptorStoreException NotReceived(string name) => new(
        StoreRefusal.NotReceived,
        Find(name) is not null ? $"The descriptor \"{name}\" was taken already."
            : Count == 0 ? $"systemd passed no descriptor \"{name}\", and no other."
            : $"systemd passed no descriptor \"{name}\", but {string.Join(", ", _all.AsEnumerable())}.",
        name);

    private ReceivedDescriptor[] Newest(string name)
    {
        ReceivedDescriptor[] named = [.. _all.Where(one => one.Name == name)];
        ulong newest = named.Length == 0 ? 0 : named.Max(static one => one.StoreName.Generation);
        return [.. named.Where(one => one.StoreName.Generation == newest)];
    }
}
