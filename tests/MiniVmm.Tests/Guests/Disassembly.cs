using Iced.Intel;
using MiniVmm.Guests;
using Xunit;

namespace MiniVmm.Tests.Guests;

/// <summary>Reads the code of a guest back.</summary>
internal static class Disassembly
{
    public static Instruction[] Of(byte[] code)
    {
        Decoder decoder = Decoder.Create(64, code, GuestCode.Address);
        List<Instruction> instructions = [];
        while (decoder.IP < GuestCode.Address + (ulong)code.Length)
        {
            Instruction instruction = decoder.Decode();
            Assert.False(instruction.IsInvalid, $"no instruction at 0x{instruction.IP:x}");
            instructions.Add(instruction);
        }

        return [.. instructions];
    }

    public static void AssertBranchesStayInside(Instruction[] code)
    {
        HashSet<ulong> starts = [.. code.Select(static one => one.IP)];
        Assert.All(
            code.Where(static one => one.FlowControl is FlowControl.ConditionalBranch or FlowControl.UnconditionalBranch),
            one => Assert.Contains(one.NearBranchTarget, starts));
    }
}
