namespace LuoInterop.Fuzz;

/// <summary>Lists the parsers.</summary>
internal static class FuzzTargets
{
    private static readonly Func<FuzzTarget>[] Makers =
    [
        static () => new DeviceTreeTarget(), static () => new BlobTarget(), static () => new MachineTextTarget(), static () =>
            new KhoMapTarget(),
        static () => new RadixTreeTarget(),
        static () => new BlockChainTarget(), static () => new FolioListTarget(), static () => new KhoArrayTarget(),
        static () => new StructureTarget(),
        static () => new SetupDataTarget(), static () => new HandoverTarget(), static () => new CatalogueTarget(),
        static () => new PersistentMemoryTarget(),
        static () => new BzImageTarget(),
        static () => new LitmusTarget(), static () => new ObservationTarget(), static () => new FrameTarget(),
        static () => new MachineStateTarget(), static () => new KdumpTarget(), static () => new ElfCoreTarget(),
        static () => new FlattenedTarget(), static () => new HandoverSearchTarget(),
        .. Enum.GetValues<KernelImages.KernelCompression>().Select(static compression =>
            (Func<FuzzTarget>)(() => new KernelImageTarget(compression))),
        static () => new Lzo1xTarget(), static () => new ConfigurationTarget(),
    ];

    /// <summary>Makes a target of each kind.</summary>
    public static IReadOnlyList<FuzzTarget> All() => [.. Makers.Select(static make => make())];

    /// <summary>Makes the target of a name.</summary>
    public static FuzzTarget Find(string name) =>
        All().FirstOrDefault(target => target.Name == name)
        ?? throw new ArgumentException(
            $"There is no target '{name}'; there are {string.Join(", ", All().Select(static target => target.Name))}.");
}
