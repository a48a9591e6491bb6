using Mono.Cecil;
using Mono.Cecil.Cil;

namespace LuoInterop.Abi.Tests;

/// <summary>Reads the value of a constant of Tmds.LibC out of its code, which is there for every architecture.</summary>
internal static class TmdsConstant
{
    /// <summary>Gives the value on an architecture; null where Tmds.LibC has no such constant, or asks the C library for it.</summary>
    public static long? Find(string name, bool arm64)
    {
        TypeDefinition constants = BuiltCode.TmdsByArm64[arm64].GetType($"{BuiltCode.Namespace}.LibC");
        return constants.Methods.SingleOrDefault(method => method.Name == $"get_{name}") is { } getter && !IsAsked(getter)
            ? Evaluate(getter)
            : null;
    }

    private static bool IsAsked(MethodDefinition getter) =>
        getter.Body.Instructions.Any(step => step.Operand is MethodReference called && called.Resolve().IsPInvokeImpl);

    private static long Evaluate(MethodDefinition getter)
    {
        var stack = new Stack<long>();
        foreach (Instruction step in getter.Body.Instructions)
        {
            switch (step.OpCode.Code)
            {
                case Code.Nop or Code.Conv_I or Code.Conv_I4 or Code.Conv_U2 or Code.Ret:
                    break;
                case >= Code.Ldc_I4_M1 and <= Code.Ldc_I4_8:
                    stack.Push(step.OpCode.Code - Code.Ldc_I4_0);
                    break;
                case Code.Ldc_I4 or Code.Ldc_I4_S:
                    // A constant without a sign is loaded with the same instruction.
                    int value = Convert.ToInt32(step.Operand, System.Globalization.CultureInfo.InvariantCulture);
                    stack.Push(getter.ReturnType.MetadataType == MetadataType.UInt32 ? (uint)value : value);
                    break;
                case Code.Or:
                    stack.Push(stack.Pop() | stack.Pop());
                    break;
                case Code.Call when step.Operand is MethodReference { Name: "op_Implicit" or "op_Explicit" }:
                    break;
                case Code.Call when step.Operand is MethodReference { HasParameters: false } other:
                    stack.Push(Evaluate(other.Resolve()));
                    break;
                default:
                    throw new NotSupportedException($"{getter.Name} is not read: {step}");
            }
        }

        return stack.Count == 1 ? stack.Pop() : throw new NotSupportedException($"{getter.Name} leaves {stack.Count} values.");
    }
}
