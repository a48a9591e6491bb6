using System.Reflection;
using Mono.Cecil;

namespace LuoInterop.Abi.Tests;

/// <summary>Proves what the built code takes from Tmds.LibC, on both architectures, against the C library's headers.</summary>
[Trait("Category", "Kernel")]
public sealed class TmdsTests
{
    private static readonly string[] s_headers =
    [
        "errno.h", "fcntl.h", "poll.h", "signal.h",
        "sys/epoll.h", "sys/eventfd.h", "sys/ioctl.h", "sys/mman.h", "sys/socket.h", "sys/stat.h",
        "sys/types.h", "sys/uio.h", "sys/un.h", "termios.h", "unistd.h",
    ];

    /// <summary>C's names of the numbers that have another one there.</summary>
    private static readonly Dictionary<string, string> s_numbers = new()
    {
        ["ulong_t"] = "unsigned long",
        ["long_t"] = "long",
        ["syscall_arg"] = "long",
    };

    /// <summary>C's names of the fields that have another one there.</summary>
    private static readonly Dictionary<string, string> s_fields = new()
    {
        ["sigaction.__handler"] = "sa_handler",
        ["msghdr._msg_iovlen"] = "msg_iovlen",
        ["msghdr._msg_controllen"] = "msg_controllen",
        ["cmsghdr._cmsg_len"] = "cmsg_len",
        ["sockaddr._sa_data"] = "sa_data",
        ["termios.__c_ispeed"] = "c_ispeed",
        ["termios.__c_ospeed"] = "c_ospeed",
    };

    /// <summary>The fields that the headers have no more, each with the reason.</summary>
    private static readonly Dictionary<string, string> s_unnamed = new()
    {
        ["statx.__spare2"] = "room at the end that newer headers give names to; nothing reads it, and the size is compared",
    };

    /// <summary>The constants whose own value is another one, each with the reason.</summary>
    private static readonly Dictionary<string, string> s_different = new()
    {
        ["O_LARGEFILE"] = "0 for a program on a 64-bit machine, which sets nothing; the kernel's own number is what F_GETFL shows",
    };

    private const string ProbeName = "tmds";

    /// <summary>What the compilers say of all constants, a line each, and of numbers that are one too large.</summary>
    private static readonly Dictionary<(bool Arm64, int Added), Lazy<Task<Verdict>>> s_checked =
        new[] { (false, 0), (false, 1), (true, 0), (true, 1) }.ToDictionary(
            static one => one,
            static one => new Lazy<Task<Verdict>>(() => CheckAsync(one.Item1, string.Concat(BuiltCode.Constants.Select(name =>
            {
                long value = Assert.NotNull(TmdsConstant.Find(name, one.Item1)) + one.Item2;
                return $"_Static_assert((long long)({name}) == {value}LL, \"{name} is {value}\");\n";
            })))));

    public static TheoryData<bool, string> Constants
    {
        get
        {
            var data = new TheoryData<bool, string>();
            foreach (string name in BuiltCode.Constants)
            {
                data.Add(false, name);
                data.Add(true, name);
            }

            return data;
        }
    }

    public static TheoryData<string> Structures => [.. BuiltCode.Types.Where(type => !BuiltCode.IsNumber(type)).Select(type => type.Name)];

    public static TheoryData<string> Numbers => [.. BuiltCode.Types.Where(BuiltCode.IsNumber).Select(type => type.Name)];

    [Fact]
    public void CodeOfEveryLibrary_IsRead()
    {
        string[] read = [.. BuiltCode.Modules.Select(module => module.Assembly.Name.Name)];
        Assert.Superset(
            new HashSet<string> { "LuoInterop", "LuoInterop.Emulation", "LuoInterop.Litmus", "LuoInterop.VmTesting" }, read.ToHashSet());
        Assert.InRange(BuiltCode.Constants.Count, 40, int.MaxValue);
        Assert.Contains(BuiltCode.Types, type => type.Name == "statx");
    }

    [Theory]
    [MemberData(nameof(Constants))]
    public async Task Constant_HasTheValueOfTheHeader(bool arm64, string name)
    {
        int line = LineOf(name);
        Verdict right = await s_checked[(arm64, 0)].Value;
        Assert.False(right.RefusedLines(ProbeName).Contains(line), right.Messages);
        Assert.Contains(line, (await s_checked[(arm64, 1)].Value).RefusedLines(ProbeName));
    }

    /// <summary>What is read out of the code is what the property gives.</summary>
    [Fact]
    public void Constant_IsReadAsTheRunningProgramHasIt()
    {
        bool arm64 =
            System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture == System.Runtime.InteropServices.Architecture.Arm64;
        foreach (string name in BuiltCode.Constants.Where(name => name is not ("MAP_FAILED" or "SIG_DFL" or "SIG_IGN")))
        {
            object value = typeof(LibC).GetProperty(name)!.GetValue(null)!;
            Assert.Equal(TmdsConstant.Find(name, arm64), long.Parse(value.ToString()!, System.Globalization.CultureInfo.InvariantCulture));
        }
    }

    /// <summary>A number of C that the projects declare themselves is the one that Tmds.LibC has, where it has one.</summary>
    [Fact]
    public void OwnConstant_IsTheSame()
    {
        List<string> compared = [];
        foreach (FieldInfo field in AbiTable.Constants.SelectMany(entry => Probe.ConstantFields(entry.Type)))
        {
            foreach (bool arm64 in (bool[])[false, true])
            {
                Int128? own = field.IsLiteral && field.GetRawConstantValue() is string ? null : Probe.ValueOf(field, arm64);
                if (own is { } value && TmdsConstant.Find(field.Name, arm64) is { } theirs)
                {
                    compared.Add(field.Name);
                    Int128 expected = field.DeclaringType!.Name is "Refused" or "ProcessMemory" ? -theirs : theirs;
                    Assert.True(value == expected
                        != s_different.ContainsKey(field.Name), $"{field.DeclaringType!.Name}.{field.Name} is {value}, there {theirs}");
                }
            }
        }

        Assert.Superset(
            new HashSet<string> { "F_ADD_SEALS", "F_SEAL_WRITE", "MADV_REMOVE", "FIOCLEX", "FALLOC_FL_PUNCH_HOLE", "EHWPOISON",
                "O_LARGEFILE" },
            compared.ToHashSet());
        Assert.Subset(compared.ToHashSet(), s_different.Keys.ToHashSet());
    }

    [Fact]
    public void OwnStructure_IsOneThatTmdsLacks()
    {
        // x86-64 alone packs it, and these tests hold one layout against both machines' headers.
        const string Packed = "epoll_event";
        string[] own = [.. AbiTable.Structures.Select(entry => entry.Type.Name)];
        Assert.Equal([Packed], own.Where(name => BuiltCode.Tmds.GetType($"{BuiltCode.Namespace}.{name}") is not null));
    }

    [Theory]
    [MemberData(nameof(Structures))]
    public async Task Structure_HasTheLayoutOfTheHeader(string name)
    {
        Type type = typeof(LibC).Assembly.GetType($"{BuiltCode.Namespace}.{name}", throwOnError: true)!;
        string structure = $"struct {name}";
        string program = $"_Static_assert(sizeof({structure}) == {ManagedLayout.SizeOf(type)}, \"size\");\n";
        foreach (FieldInfo field in NamedFields(type))
        {
            string member = CName(name, field.Name);
            program += $"_Static_assert(__builtin_offsetof({structure}, {member}) == {ManagedLayout.OffsetOf(field)}, \"{member}\");\n"
                + $"_Static_assert(sizeof((({structure} *)0)->{member}) == {ManagedLayout.SizeOf(field.FieldType)}, \"{member}\");\n";
        }

        foreach (bool arm64 in (bool[])[false, true])
        {
            Verdict verdict = await CheckAsync(arm64, program);
            Assert.True(verdict.Accepted, verdict.Messages);
        }

        // What was measured here holds for arm64 too: there the fields are the same.
        Assert.Equal(
            Shape(BuiltCode.TmdsByArm64[false].GetType(type.FullName!)), Shape(BuiltCode.TmdsByArm64[true].GetType(type.FullName!)));
    }

    [Theory]
    [MemberData(nameof(Numbers))]
    public async Task Number_HasTheWidthAndTheSignOfCs(string name)
    {
        string type = s_numbers.GetValueOrDefault(name, name);
        foreach (bool arm64 in (bool[])[false, true])
        {
            PassedType passed = PassedType.Of(BuiltCode.TmdsByArm64[arm64].GetType($"{BuiltCode.Namespace}.{name}"));
            string sign = passed.Signed is { } signed ? $"_Static_assert((({type})-1 < 0) == {(signed ? 1 : 0)}, \"sign\");\n" : "";
            Verdict verdict = await CheckAsync(arm64, $"_Static_assert(sizeof({type}) == {passed.Size}, \"size\");\n" + sign);
            Assert.True(verdict.Accepted, verdict.Messages);
        }
    }

    private static Task<Verdict> CheckAsync(bool arm64, string program) => CCompiler.CheckAgainstLibcAsync(
        arm64 ? Tool.Arm64Gcc : Tool.Gcc,
        ProbeName,
        "#define _GNU_SOURCE\n" + string.Concat(s_headers.Select(header => $"#include <{header}>\n")) + program);

    /// <summary>Gets the number of a constant's line in the probe of all of them, counted from 1, after the headers'.</summary>
    private static int LineOf(string name) => 2 + s_headers.Length + BuiltCode.Constants.TakeWhile(one => one != name).Count();

    /// <summary>Gets the fields that the headers have too.</summary>
    internal static IEnumerable<FieldInfo> NamedFields(Type type) =>
        ManagedLayout.FieldsOf(type).Where(field => !s_unnamed.ContainsKey($"{type.Name}.{field.Name}"));

    /// <summary>Gets C's name of a field. An automatic property keeps its value in <c>&lt;name&gt;k__BackingField</c>.</summary>
    internal static string CName(string structure, string field)
    {
        string name = field.StartsWith('<') ? field[1..field.IndexOf('>', StringComparison.Ordinal)] : field;
        return s_fields.GetValueOrDefault($"{structure}.{name}", name);
    }

    private static string Shape(
        TypeDefinition type) => $"{type.Attributes & Mono.Cecil.TypeAttributes.LayoutMask} {type.PackingSize} {type.ClassSize}: "
        + string.Join(", ", type.Fields.Select(field => $"{field.Name} at {field.Offset} ({ShapeOf(field.FieldType)})"));

    private static string ShapeOf(TypeReference type) => type.IsPrimitive || type.IsPointer ? type.FullName : Shape(type.Resolve());
}
