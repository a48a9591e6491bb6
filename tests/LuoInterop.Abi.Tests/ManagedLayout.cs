using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;

namespace LuoInterop.Abi.Tests;

/// <summary>Measures a structure as the runtime lays it out in memory, which is what a pointer gives to the kernel.</summary>
/// <remarks>Marshal.OffsetOf answers for the marshalled form, which no import here uses.</remarks>
internal static class ManagedLayout
{
    public static int SizeOf(Type type) => type.IsPointer
        ? nint.Size
        : (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;

    public static FieldInfo[] FieldsOf(Type structure) =>
        structure.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic);

    public static int OffsetOf(FieldInfo field)
    {
        DynamicMethod method = new("OffsetOf", typeof(int), [], typeof(ManagedLayout).Module, skipVisibility: true);
        ILGenerator code = method.GetILGenerator();
        LocalBuilder structure = code.DeclareLocal(field.DeclaringType!);
        code.Emit(OpCodes.Ldloca, structure);
        code.Emit(OpCodes.Ldflda, field);
        code.Emit(OpCodes.Conv_U);
        code.Emit(OpCodes.Ldloca, structure);
        code.Emit(OpCodes.Conv_U);
        code.Emit(OpCodes.Sub);
        code.Emit(OpCodes.Conv_I4);
        code.Emit(OpCodes.Ret);
        return method.CreateDelegate<Func<int>>()();
    }

    /// <summary>Tells whether a type is a signed integer; null if it is no integer.</summary>
    public static bool? IsSigned(Type type) => type switch
    {
        _ when type == typeof(sbyte) || type == typeof(short) || type == typeof(int) || type == typeof(long) || type == typeof(nint) =>
            true,
        _ when type == typeof(byte) || type == typeof(ushort) || type == typeof(uint) || type == typeof(ulong) || type == typeof(nuint) =>
            false,
        _ => null,
    };
}
