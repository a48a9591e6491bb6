using LuoInterop.Kvm;
using LuoInterop.Kvm.Interop;

namespace LuoInterop.Abi.Tests;

/// <summary>Proves the public registers against the raw structure, in whose place the kernel gets them.</summary>
public sealed class KvmRegistersTests
{
    [Fact]
    public void Registers_LieWhereTheRawStructureHasThem()
    {
        IEnumerable<(string, int)> raw =
            ManagedLayout.FieldsOf(typeof(kvm_regs)).Select(field => (field.Name, ManagedLayout.OffsetOf(field)));
        IEnumerable<(string, int)> managed = typeof(KvmRegisters).GetProperties().Select(property => (
            property.Name.ToLowerInvariant(),
            ManagedLayout.OffsetOf(Assert.Single(ManagedLayout.FieldsOf(typeof(KvmRegisters)), field =>
                field.Name.Contains($"<{property.Name}>", StringComparison.Ordinal)))));

        Assert.Equal(raw, managed);
        Assert.Equal(ManagedLayout.SizeOf(typeof(kvm_regs)), ManagedLayout.SizeOf(typeof(KvmRegisters)));
    }
}
