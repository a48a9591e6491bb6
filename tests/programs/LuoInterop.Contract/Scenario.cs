using System.Reflection;

namespace LuoInterop.Contract;

/// <summary>States one rule of the kernel's contract as a body per kernel: the first runs before the kexec, the next after it.</summary>
/// <remarks>
/// Bodies are static: what one kernel learned reaches the next only through the kernel itself, and through
/// <see cref="Stage.Note"/>. The same bodies run on the emulated kernel and on Linux in a VM; neither can ask which.
/// </remarks>
public sealed class Scenario
{
    private readonly List<Action<Stage>> _bodies = [];

    private Scenario(string rule) => Rule = rule;

    /// <summary>Gets the rule in words, as the contract page prints it.</summary>
    public string Rule { get; }

    /// <summary>Gets the name, that of the member that declares it.</summary>
    public string Name { get; private set; } = "";

    public IReadOnlyList<Action<Stage>> Bodies => _bodies;

    public static Scenario Of(string rule) => new(rule);

    /// <summary>Adds what happens in the next kernel.</summary>
    public Scenario Kernel(Action<Stage> body)
    {
        _bodies.Add(body);
        return this;
    }

    /// <summary>Finds every scenario of this assembly, in the order of their names.</summary>
    public static IReadOnlyList<Scenario> All { get; } = Find();

    public static Scenario Named(string name) => All.Single(scenario => scenario.Name == name);

    private static List<Scenario> Find()
    {
        var all = new List<Scenario>();
        foreach (Type type in typeof(Scenario).Assembly.GetTypes())
        {
            foreach (PropertyInfo property in type.GetProperties(BindingFlags.Public | BindingFlags.Static)
                .Where(static p => p.PropertyType == typeof(Scenario)))
            {
                var scenario = (Scenario)property.GetValue(null)!;
                scenario.Name = $"{type.Name}.{property.Name}";
                all.Add(scenario);
            }
        }

        return [.. all.OrderBy(static scenario => scenario.Name, StringComparer.Ordinal)];
    }
}
