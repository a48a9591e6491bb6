using System.Reflection;
using System.Runtime.Loader;
using LuoInterop.Fuzz;
using Mono.Cecil;
using Mono.Cecil.Cil;
using Mono.Cecil.Rocks;
using FieldAttributes = Mono.Cecil.FieldAttributes;
using TypeAttributes = Mono.Cecil.TypeAttributes;

namespace LuoInterop.Fuzz.Tests;

/// <summary>Runs parsers in copies of their assemblies that count steps: the calls of methods, and the turns of loops.</summary>
/// <remarks>A deterministic measure of time, whatever the machine does. What the runtime's own methods do inside is no step.</remarks>
public sealed class StepCounter : IDisposable
{
    private const string Counter = "StepsOfThisAssembly";
    private const BindingFlags Anything = BindingFlags.Instance | BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic;

    private static readonly string[] Counted =
    [
        "LuoInterop", "LuoInterop.KernelImages", "LuoInterop.Kho", "LuoInterop.Kvm", "LuoInterop.MemoryImages", "LuoInterop.Diagnosis",
        "LuoInterop.Systemd", "LuoInterop.Emulation", "LuoInterop.Litmus", "LuoInterop.VmTesting",
    ];

    private readonly string _folder = Directory.CreateTempSubdirectory("luo-steps-").FullName;
    private readonly List<FieldInfo> _counters = [];
    private readonly Type _targets;

    public StepCounter()
    {
        string built = Path.GetDirectoryName(typeof(FuzzTarget).Assembly.Location)!;
        foreach (string name in Counted)
        {
            Rewrite(Path.Combine(built, name + ".dll"), Path.Combine(_folder, name + ".dll"));
        }

        var context = new Context(_folder, built);
        _targets =
            context.LoadFromAssemblyPath(typeof(FuzzTarget).Assembly.Location).GetType(typeof(FuzzTargets).FullName!, throwOnError: true)!;
        _counters.AddRange(Counted.Select(name =>
            context.LoadFromAssemblyName(new AssemblyName(name)).GetType(Counter, throwOnError: true)!.GetField("Count")!));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    /// <summary>Counts the steps of parsing an input.</summary>
    public long Of(string target, byte[] input)
    {
        object made = _targets.GetMethod(nameof(FuzzTargets.Find), Anything)!.Invoke(null, [target])!;
        using var owned = made as IDisposable;
        made.GetType().GetMethod(nameof(FuzzTarget.Prepare), Anything)!.Invoke(made, [input]);
        MethodInfo parse = made.GetType().GetMethod(nameof(FuzzTarget.Parse), Anything)!;

        // Once before, so that no static constructor is among the steps.
        parse.Invoke(made, [input]);
        long before = Total();
        parse.Invoke(made, [input]);
        return Total() - before;
    }

    private long Total() => _counters.Sum(static counter => (long)counter.GetValue(null)!);

    private static void Rewrite(string from, string to)
    {
        using ModuleDefinition module = ModuleDefinition.ReadModule(from);
        var holder = new TypeDefinition(
            "", Counter, TypeAttributes.Public | TypeAttributes.Abstract | TypeAttributes.Sealed, module.TypeSystem.Object);
        var count = new FieldDefinition("Count", FieldAttributes.Public | FieldAttributes.Static, module.TypeSystem.Int64);
        holder.Fields.Add(count);
        foreach (MethodDefinition method in module.GetTypes()
            .SelectMany(static type => type.Methods)
            .Where(static method => method.HasBody)
            .ToArray())
        {
            method.Body.SimplifyMacros();
            ILProcessor processor = method.Body.GetILProcessor();
            var places = new List<Instruction> { method.Body.Instructions[0] };
            for (int i = 0; i < method.Body.Instructions.Count; i++)
            {
                if (method.Body.Instructions[i].Operand is Instruction target && target.Offset <= method.Body.Instructions[i].Offset)
                {
                    places.Add(method.Body.Instructions[i]);
                }
            }

            foreach (Instruction place in places)
            {
                processor.InsertBefore(place, processor.Create(OpCodes.Ldsfld, count));
                processor.InsertBefore(place, processor.Create(OpCodes.Ldc_I4_1));
                processor.InsertBefore(place, processor.Create(OpCodes.Conv_I8));
                processor.InsertBefore(place, processor.Create(OpCodes.Add));
                processor.InsertBefore(place, processor.Create(OpCodes.Stsfld, count));
            }

            method.Body.OptimizeMacros();
        }

        module.Types.Add(holder);
        module.Write(to);
    }

    // The counting copies, and the fuzz targets and what they use besides once more; the runtime is shared.
    private sealed class Context(string counting, string built) : AssemblyLoadContext("steps")
    {
        protected override Assembly? Load(AssemblyName assemblyName)
        {
            string[] paths = [Path.Combine(counting, assemblyName.Name + ".dll"), Path.Combine(built, assemblyName.Name + ".dll")];
            return assemblyName.Name!.StartsWith("LuoInterop", StringComparison.Ordinal) && Array.Find(paths, File.Exists) is { } path
                ? LoadFromAssemblyPath(path)
                : null;
        }
    }
}
