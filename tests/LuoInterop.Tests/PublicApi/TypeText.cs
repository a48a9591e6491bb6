using System.Globalization;
using System.Reflection;

namespace LuoInterop.Tests.PublicApi;

/// <summary>Writes types and constants as C# does, with the question marks of nullable references.</summary>
internal static class TypeText
{
    private static readonly NullabilityInfoContext Nullability = new();

    private static readonly Dictionary<Type, string> Keywords = new()
    {
        [typeof(void)] = "void", [typeof(bool)] = "bool", [typeof(byte)] = "byte", [typeof(sbyte)] = "sbyte",
        [typeof(short)] = "short", [typeof(ushort)] = "ushort", [typeof(int)] = "int", [typeof(uint)] = "uint",
        [typeof(long)] = "long", [typeof(ulong)] = "ulong", [typeof(nint)] = "nint", [typeof(nuint)] = "nuint",
        [typeof(char)] = "char", [typeof(float)] = "float", [typeof(double)] = "double", [typeof(decimal)] = "decimal",
        [typeof(string)] = "string", [typeof(object)] = "object",
    };

    public static string FullName(Type type) => (type.Namespace is { } space ? space + "." : "") + Nested(type, Arguments(type));

    public static string Of(Type type) => Write(type, null);

    public static string Of(ParameterInfo parameter)
    {
        lock (Nullability)
        {
            return Write(parameter.ParameterType, Nullability.Create(parameter));
        }
    }

    public static string Of(PropertyInfo property)
    {
        lock (Nullability)
        {
            return Write(property.PropertyType, Nullability.Create(property));
        }
    }

    public static string Of(FieldInfo field)
    {
        lock (Nullability)
        {
            return Write(field.FieldType, Nullability.Create(field));
        }
    }

    public static string Of(EventInfo item)
    {
        lock (Nullability)
        {
            return Write(item.EventHandlerType!, Nullability.Create(item));
        }
    }

    public static string Constant(object? value, Type? type = null) => value switch
    {
        null => type is { IsValueType: true } && Nullable.GetUnderlyingType(type) is null ? "default" : "null",
        string text => $"\"{text}\"",
        bool truth => truth ? "true" : "false",
        Enum item => $"{item.GetType().Name}.{item}",
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    private static string Write(Type type, NullabilityInfo? nullability)
    {
        if (type.IsByRef)
        {
            return Write(type.GetElementType()!, nullability?.ElementType ?? nullability);
        }

        if (type.IsPointer)
        {
            return Write(type.GetElementType()!, null) + "*";
        }

        string mark = !type.IsValueType && IsNullable(nullability) ? "?" : "";
        if (type.IsArray)
        {
            return Write(type.GetElementType()!, nullability?.ElementType) + $"[{new string(',', type.GetArrayRank() - 1)}]{mark}";
        }

        if (Nullable.GetUnderlyingType(type) is { } inner)
        {
            return Write(inner, null) + "?";
        }

        string[] arguments = [.. Arguments(type).Select((_, index) =>
            Write(
                type.GetGenericArguments()[index],
                nullability is { } info && index < info.GenericTypeArguments.Length ? info.GenericTypeArguments[index] : null))];
        return (Keywords.GetValueOrDefault(type) ?? Nested(type, arguments)) + mark;
    }

    private static bool IsNullable(NullabilityInfo? nullability) =>
        nullability is not null
            && (nullability.ReadState == NullabilityState.Nullable || nullability.WriteState == NullabilityState.Nullable);

    private static string[] Arguments(Type type) => [.. type.GetGenericArguments().Select(static item => Write(item, null))];

    private static string Nested(Type type, string[] arguments)
    {
        string name = type.Name.Split('`')[0] + (arguments.Length > 0 ? $"<{string.Join(", ", arguments)}>" : "");
        return type is { IsNested: true, IsGenericParameter: false } ? Nested(type.DeclaringType!, []) + "." + name : name;
    }
}
