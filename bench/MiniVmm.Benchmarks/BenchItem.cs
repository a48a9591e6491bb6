namespace MiniVmm.Benchmarks;

/// <summary>Is a guest that goes through live updates, with what carries it.</summary>
/// <param name="Name">Its name, without spaces.</param>
/// <param name="Updates">How many live updates.</param>
/// <param name="MiB">The guest's RAM.</param>
/// <param name="Command">What runs it in each kernel, as a shell reads it.</param>
internal sealed record BenchItem(string Name, int Updates, int MiB, string Command)
{
    /// <summary>Gets the line of the plan.</summary>
    public string PlanLine => $"{Updates} {Name} {Command}";
}
