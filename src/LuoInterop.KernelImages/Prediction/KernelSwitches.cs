namespace LuoInterop.KernelImages.Prediction;

/// <summary>Is a command line as a kernel of an image reads it: with what is built into it, where that is known.</summary>
/// <remarks>Sources: setup_arch() of <c>arch/x86/kernel/setup.c</c>, <c>lib/cmdline.c</c>.</remarks>
internal sealed class KernelSwitches
{
    private readonly IReadOnlyList<KernelParameter> _parameters;

    public KernelSwitches(KernelImage? image, string line)
    {
        KernelConfiguration? configuration = image?.Configuration;
        string builtIn = configuration?.Has("CONFIG_CMDLINE_BOOL") == true ? configuration.Text("CONFIG_CMDLINE") ?? "" : "";
        bool isForced = configuration?.Has("CONFIG_CMDLINE_OVERRIDE") == true || configuration?.Has("CONFIG_CMDLINE_FORCE") == true;
        _parameters = KernelParameter.Read(isForced ? configuration!.Text("CONFIG_CMDLINE") ?? "" : $"{builtIn} {line}");
    }

    /// <summary>Gets what a switch says; null where nothing says.</summary>
    public bool? Switch(string name) => KernelParameter.Switch(_parameters, name);

    public bool Has(string name) => _parameters.Any(parameter => parameter.Is(name));

    /// <summary>Gets how a switch was said, for people.</summary>
    public string Said(string name)
    {
        string[] said = [.. _parameters.Where(parameter => parameter.Is(name))
            .Select(static parameter => parameter.Value is { } value ? $"{parameter.Name}={value}" : parameter.Name)];
        return said.Length == 0 ? $"the command line has no {name}=" : $"the command line has {string.Join(' ', said)}";
    }

    /// <summary>Gets the memory that is reserved under names: <c>reserve_mem=SIZE:ALIGN:NAME</c>.</summary>
    public IEnumerable<(string Name, ulong Size, ulong Align)> ReservedMemory()
    {
        foreach (KernelParameter parameter in _parameters.Where(static parameter => parameter.Is("reserve_mem")))
        {
            if (parameter.Value?.Split(':', 3) is [var size, var align, { Length: > 0 } name]
                && KernelParameter.MemParse(size, out int used) is > 0 and var bytes && used == size.Length)
            {
                yield return (name, bytes, KernelParameter.MemParse(align, out _));
            }
        }
    }
}
