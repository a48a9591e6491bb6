using System.Collections.Frozen;
using System.Reflection;
using System.Reflection.Emit;
using System.Reflection.Metadata;
using System.Reflection.Metadata.Ecma335;
using System.Reflection.PortableExecutable;

namespace LuoInterop.Tests.Calls;

/// <summary>A call in the code of an assembly.</summary>
/// <param name="Assembly">The assembly's name.</param>
/// <param name="Caller">The type and method that calls; of a lambda or an iterator those that it is written in.</param>
/// <param name="Target">The name of the type that has the method.</param>
/// <param name="Method">The method's name.</param>
/// <param name="IsForeign">Whether the method is imported from native code.</param>
/// <param name="IsDropped">Whether its result is thrown away at once.</param>
internal sealed record CallSite(string Assembly, string Caller, string Target, string Method, bool IsForeign, bool IsDropped)
{
    private static readonly FrozenDictionary<short, OpCode> s_codes = typeof(OpCodes)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(static field => (OpCode)field.GetValue(null)!)
        .ToFrozenDictionary(static code => code.Value);

    /// <summary>Reads every call of an assembly's file.</summary>
    public static List<CallSite> In(string path)
    {
        using var file = new PEReader(File.OpenRead(path));
        MetadataReader metadata = file.GetMetadataReader();
        string assembly = metadata.GetString(metadata.GetAssemblyDefinition().Name);
        List<CallSite> calls = [];
        foreach (MethodDefinitionHandle handle in metadata.MethodDefinitions)
        {
            MethodDefinition method = metadata.GetMethodDefinition(handle);
            if (method.RelativeVirtualAddress != 0)
            {
                string caller = Written(Name(metadata, method.GetDeclaringType()), metadata.GetString(method.Name));
                Read(metadata, file.GetMethodBody(method.RelativeVirtualAddress).GetILReader(), assembly, caller, calls);
            }
        }

        return calls;
    }

    private static void Read(MetadataReader metadata, BlobReader code, string assembly, string caller, List<CallSite> calls)
    {
        CallSite? last = null;
        while (code.RemainingBytes > 0)
        {
            short value = code.ReadByte();
            OpCode operation = s_codes[value == 0xFE ? unchecked((short)(0xFE00 | code.ReadByte())) : value];
            if (operation == OpCodes.Pop && last is not null)
            {
                calls[^1] = last with { IsDropped = true };
            }

            last = null;
            if (operation.OperandType == OperandType.InlineMethod)
            {
                last = Of(metadata, MetadataTokens.EntityHandle(code.ReadInt32()), assembly, caller);
                calls.Add(last);
                continue;
            }

            // A switch reads its count: before the offset is taken.
            int length = operation.OperandType switch
            {
                OperandType.InlineNone => 0,
                OperandType.ShortInlineBrTarget or OperandType.ShortInlineI or OperandType.ShortInlineVar => 1,
                OperandType.InlineVar => 2,
                OperandType.InlineI8 or OperandType.InlineR => 8,
                OperandType.InlineSwitch => 4 * code.ReadInt32(),
                _ => 4,
            };
            code.Offset += length;
        }
    }

    private static CallSite Of(MetadataReader metadata, EntityHandle handle, string assembly, string caller)
    {
        switch (handle.Kind)
        {
            case HandleKind.MethodSpecification:
                return Of(metadata, metadata.GetMethodSpecification((MethodSpecificationHandle)handle).Method, assembly, caller);
            case HandleKind.MethodDefinition:
                MethodDefinition method = metadata.GetMethodDefinition((MethodDefinitionHandle)handle);
                string name = metadata.GetString(method.Name);

                // What LibraryImport generates is a method of the C name, written in this assembly.
                bool isForeign = (method.Attributes & MethodAttributes.PinvokeImpl) != 0
                    || (name.Length > 0 && char.IsAsciiLetterLower(name[0]) && (method.Attributes & MethodAttributes.SpecialName) == 0);
                return new CallSite(assembly, caller, Name(metadata, method.GetDeclaringType()), name, isForeign, false);
            default:
                MemberReference member = metadata.GetMemberReference((MemberReferenceHandle)handle);
                string target = member.Parent.Kind switch
                {
                    HandleKind.TypeReference => metadata.GetString(metadata.GetTypeReference((TypeReferenceHandle)member.Parent).Name),
                    HandleKind.TypeDefinition => Name(metadata, (TypeDefinitionHandle)member.Parent),
                    _ => "",
                };
                string methodName = metadata.GetString(member.Name);

                // Tmds.LibC's functions, and the imports that assemblies share; a property is a constant.
                bool isImport = (target == "LibC" || target.EndsWith("Header", StringComparison.Ordinal))
                    && char.IsAsciiLetterLower(methodName[0]) && !methodName.StartsWith("get_", StringComparison.Ordinal);
                return new CallSite(assembly, caller, target, methodName, isImport, false);
        }
    }

    private static string Name(MetadataReader metadata, TypeDefinitionHandle handle)
    {
        TypeDefinition type = metadata.GetTypeDefinition(handle);
        string name = metadata.GetString(type.Name);
        return type.GetDeclaringType() is { IsNil: false } outer ? $"{Name(metadata, outer)}/{name}" : name;
    }

    // The compiler keeps lambdas and iterators in types of its own, <>c and <Method>d__1, in methods such as <Method>b__0.
    private static string Written(string type, string method)
    {
        string[] types = type.Split('/');
        string name = method;
        string? inner = types.FirstOrDefault(static part => part.StartsWith('<') && part.IndexOf('>', StringComparison.Ordinal) > 1);
        name = method.StartsWith('<')
            ? method[1..method.IndexOf('>', StringComparison.Ordinal)]
            : inner is null ? name : inner[1..inner.IndexOf('>', StringComparison.Ordinal)];
        return string.Join('/', types.Where(static part => !part.StartsWith('<'))) + "." + name;
    }
}
