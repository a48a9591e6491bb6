using System.Reflection;
using System.Runtime.CompilerServices;

namespace LuoInterop.Abi.Tests;

/// <summary>Finds the raw declarations of every library and tool here: the types of their <c>Interop</c> namespaces.</summary>
internal static class Raw
{
    /// <summary>Gets the assemblies that make system calls.</summary>
    public static IReadOnlyList<Assembly> Assemblies { get; } =
    [
        typeof(Kernel).Assembly, Assembly.Load("LuoInterop.Kho"), Assembly.Load("LuoInterop.Kvm"),
        Assembly.Load("LuoInterop.Emulation"), Assembly.Load("LuoInterop.Emulation.Server"), Assembly.Load("LuoInterop.Litmus"),
        Assembly.Load("LuoInterop.MemoryImages"), Assembly.Load("LuoInterop.Diagnosis"),
        Assembly.Load("LuoInterop.Systemd"), Assembly.Load("LuoInterop.VmTesting"), Assembly.Load("luoctl"),
    ];

    /// <summary>Gets the types, each once: a file that two assemblies compile declares the same in both.</summary>
    public static IReadOnlyList<Type> Types { get; } =
        [.. Assemblies.SelectMany(assembly => assembly.GetTypes())
            .Where(type => IsRaw(type) && !type.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false))
            .DistinctBy(type => type.FullName)];

    public static Type Find(string name) =>
        Types.SingleOrDefault(type => type.FullName == name) ?? throw new InvalidOperationException($"There is no raw type {name}.");

    // A local function's or lambda's class is nested in the type that has it.
    private static bool IsRaw(Type type) =>
        (type.Namespace ?? "").EndsWith(".Interop", StringComparison.Ordinal) && !type.Name.StartsWith('<');
}
