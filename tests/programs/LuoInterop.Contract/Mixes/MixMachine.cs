namespace LuoInterop.Contract.Mixes;

/// <summary>Is the machine that a mix runs on, emulated or real.</summary>
/// <param name="kernel">The kernel as the mix's process sees it.</param>
/// <param name="load">Loads the next kernel through a kernel object.</param>
/// <param name="start">Starts another process.</param>
/// <param name="isJump">Tells whether an exception means that the machine has jumped.</param>
public sealed class MixMachine(Kernel kernel, Func<Kernel, KexecImage> load, Func<OtherProcess> start, Func<Exception, bool> isJump)
{
    private readonly List<OtherProcess> _others = [];

    public Kernel Kernel => kernel;

    public KexecImage Load(Kernel through) => load(through);

    /// <summary>Starts another process, which is ended when the mix has.</summary>
    public OtherProcess StartOther()
    {
        OtherProcess other = start();
        _others.Add(other);
        return other;
    }

    public bool IsJump(Exception error) => isJump(error);

    internal void EndOthers() => _others.ForEach(static other => other.Dispose());
}
