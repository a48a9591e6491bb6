namespace LuoInterop.VmBenchmarks;

/// <summary>Names the phases for people.</summary>
public static class PhaseNames
{
    /// <summary>Gets the phases that every kexec has, whatever it carries: their cost over that of nothing is what grows.</summary>
    public static readonly Phase[] OfEveryKexec = [Phase.Load, Phase.Freeze, Phase.Jump, Phase.Boot, Phase.Start, Phase.Open];

    /// <summary>Gets the phases during which nothing of what is carried can run.</summary>
    public static readonly Phase[] Down = [Phase.Freeze, Phase.Jump, Phase.Boot, Phase.Start];

    public static string Of(Phase phase) => phase switch
    {
        Phase.Create => "create the sessions",
        Phase.Preserve => "preserve",
        Phase.Load => "load the next kernel",
        Phase.Freeze => "freeze and serialise",
        Phase.Jump => "kexec until the next kernel's clock",
        Phase.Boot => "boot until init",
        Phase.Start => "init until the program",
        Phase.Open => "first open: deserialise",
        Phase.RetrieveSessions => "retrieve the sessions",
        Phase.Retrieve => "retrieve",
        Phase.Finish => "finish",
        _ => "first look at every page",
    };
}
