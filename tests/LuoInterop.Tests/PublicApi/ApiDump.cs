using System.Reflection;
using System.Runtime.CompilerServices;

namespace LuoInterop.Tests.PublicApi;

/// <summary>Writes what an assembly offers to others as sorted lines that read like C#.</summary>
internal static class ApiDump
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    /// <summary>Lists types, each followed by its members, indented.</summary>
    public static IEnumerable<string> Of(Assembly assembly)
    {
        foreach (Type type in assembly.GetTypes().Where(IsVisible).OrderBy(static type => TypeText.FullName(type), StringComparer.Ordinal))
        {
            yield return Head(type);
            IEnumerable<string> members = type.IsEnum
                ? EnumMembers(type)
                : IsDelegate(type) ? []
                : Members(type).OrderBy(static member => member.Name, StringComparer.Ordinal)
                    .ThenBy(static member => member.Text, StringComparer.Ordinal)
                    .Select(static member => member.Text);
            foreach (string member in members)
            {
                yield return "    " + member;
            }

            yield return "";
        }
    }

    private static bool IsGenerated(MemberInfo member) => member.IsDefined(typeof(CompilerGeneratedAttribute), inherit: false);

    private static bool IsRecord(Type type) =>
        type.GetMethod("PrintMembers", Declared) is { } method && IsGenerated(method);

    private static bool IsDelegate(Type type) => type.IsSubclassOf(typeof(Delegate));

    private static bool IsVisible(Type type) =>
        type.IsNested
            ? (type.IsNestedPublic || ((type.IsNestedFamily || type.IsNestedFamORAssem) && !type.DeclaringType!.IsSealed))
                && IsVisible(type.DeclaringType!)
            : type.IsPublic;

    private static string Head(Type type)
    {
        string name = TypeText.FullName(type);
        if (IsDelegate(type))
        {
            MethodInfo invoke = type.GetMethod("Invoke")!;
            return $"delegate {TypeText.Of(invoke.ReturnParameter)} {name}({Parameters(invoke)})";
        }

        if (type.IsEnum)
        {
            string flags = type.IsDefined(typeof(FlagsAttribute), inherit: false) ? "[Flags] " : "";
            return $"{flags}enum {name} : {TypeText.Of(type.GetEnumUnderlyingType())}";
        }

        string kind = type.IsInterface ? "interface"
            : type.IsValueType
                ? (IsReadOnly(type) ? "readonly " : "") + (type.IsByRefLike ? "ref " : "") + (IsRecord(type) ? "record struct" : "struct")
            : type.IsAbstract && type.IsSealed ? "static class"
            : type.IsAbstract ? "abstract " + (IsRecord(type) ? "record" : "class")
            : (type.IsSealed ? "sealed " : "") + (IsRecord(type) ? "record" : "class");
        IEnumerable<Type> bases = type.BaseType is { } parent && parent != typeof(object) && parent != typeof(ValueType) ? [parent] : [];
        string[] list = [.. bases.Concat(Interfaces(type)).Select(static item => TypeText.Of(item))];
        return $"{kind} {name}" + (list.Length > 0 ? " : " + string.Join(", ", list) : "");
    }

    private static IEnumerable<Type> Interfaces(Type type) =>
        type.GetInterfaces()
            .Except(type.BaseType?.GetInterfaces() ?? [])
            .Where(static item => item.IsVisible)
            .OrderBy(static item => TypeText.Of(item), StringComparer.Ordinal);

    private static IEnumerable<string> EnumMembers(Type type) =>
        type.GetFields(BindingFlags.Public | BindingFlags.Static)
            .OrderBy(static field => Convert.ToDecimal(field.GetRawConstantValue(), System.Globalization.CultureInfo.InvariantCulture))
            .ThenBy(static field => field.Name, StringComparer.Ordinal)
            .Select(static field => $"{field.Name} = {field.GetRawConstantValue()}");

    /// <summary>Lists members, without those that the compiler makes for every record.</summary>
    private static IEnumerable<(string Name, string Text)> Members(Type type)
    {
        foreach (FieldInfo field in type.GetFields(Declared).Where(static field => IsVisible(field)))
        {
            string kind = field.IsLiteral ? "const " : (field.IsStatic ? "static " : "") + (field.IsInitOnly ? "readonly " : "");
            yield return (field.Name, $"{Access(field)}{kind}{TypeText.Of(field)} {field.Name}" + (field.IsLiteral
                ? " = " + TypeText.Constant(field.GetRawConstantValue())
                : ""));
        }

        foreach (ConstructorInfo constructor in type.GetConstructors(Declared)
            .Where(static method => IsVisible(method) && !method.IsStatic && !IsGenerated(method)))
        {
            yield return (".ctor", $"{Access(constructor)}.ctor({Parameters(constructor)})");
        }

        foreach (PropertyInfo property in type.GetProperties(Declared))
        {
            MethodInfo? getter = property.GetMethod is { } get && IsVisible(get) ? get : null;
            MethodInfo? setter = property.SetMethod is { } set && IsVisible(set) ? set : null;
            if ((getter ?? setter) is { } any)
            {
                string index = property.GetIndexParameters() is { Length: > 0 } ? $"[{Parameters(any)}]" : "";
                yield return (property.Name, $"{Access(any)}{Modifiers(any)}{TypeText.Of(property)} {property.Name}{index} {{ "
                    + $"{Accessors(getter, setter)} }}");
            }
        }

        foreach (EventInfo item in type.GetEvents(Declared).Where(static item => IsVisible(item.AddMethod!)))
        {
            yield return (item.Name, $"{Access(item.AddMethod!)}{Modifiers(item.AddMethod!)}event {TypeText.Of(item)} {item.Name}");
        }

        foreach (MethodInfo method in type.GetMethods(Declared)
            .Where(static method => IsVisible(method)
                && (!method.IsSpecialName || method.Name.StartsWith("op_", StringComparison.Ordinal))
                && !IsGenerated(method)))
        {
            string generic =
                method.IsGenericMethod ? $"<{string.Join(", ", method.GetGenericArguments().Select(static item => item.Name))}>" : "";
            yield return (method.Name, $"{Access(method)}{Modifiers(method)}{TypeText.Of(method.ReturnParameter)} "
                + $"{method.Name}{generic}({Parameters(method)})");
        }
    }

    private static bool IsVisible(MethodBase method) =>
        method.IsPublic || ((method.IsFamily || method.IsFamilyOrAssembly) && !method.DeclaringType!.IsSealed);

    private static bool IsVisible(FieldInfo field) =>
        field.IsPublic || ((field.IsFamily || field.IsFamilyOrAssembly) && !field.DeclaringType!.IsSealed);

    private static string Access(MemberInfo member) =>
        member is MethodBase { IsPublic: true } or FieldInfo { IsPublic: true } ? "" : "protected ";

    private static string Accessors(MethodInfo? getter, MethodInfo? setter)
    {
        bool init = setter?.ReturnParameter.GetRequiredCustomModifiers().Contains(typeof(IsExternalInit)) == true;
        return (getter is null ? "" : "get;") + (setter is null ? "" : (getter is null ? "" : " ") + (init ? "init;" : "set;"));
    }

    private static string Modifiers(MethodInfo method)
    {
        if (method.IsStatic)
        {
            return "static ";
        }

        if (method.DeclaringType!.IsInterface || !method.IsVirtual)
        {
            return "";
        }

        bool overrides = method.GetBaseDefinition().DeclaringType != method.DeclaringType;
        return overrides ? method.IsFinal ? "sealed override " : "override "
            : method.IsAbstract ? "abstract "
            : method.IsFinal ? "" : "virtual ";
    }

    private static string Parameters(MethodBase method) => string.Join(", ", method.GetParameters().Select(static parameter =>
    {
        string way = parameter.IsOut ? "out " : parameter.IsIn ? "in " : parameter.ParameterType.IsByRef ? "ref "
            : parameter.IsDefined(typeof(ParamArrayAttribute), inherit: false) ? "params " : "";
        string value = parameter.HasDefaultValue ? " = " + TypeText.Constant(parameter.DefaultValue, parameter.ParameterType) : "";
        return $"{way}{TypeText.Of(parameter)} {parameter.Name}{value}";
    }));

    private static bool IsReadOnly(Type type) => type.IsDefined(typeof(IsReadOnlyAttribute), inherit: false);
}
