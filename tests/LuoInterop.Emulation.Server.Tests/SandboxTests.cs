using LuoInterop.Emulation.Server.Tests.Support;

namespace LuoInterop.Emulation.Server.Tests;

/// <summary>Shows programs that call seccomp(2) themselves.</summary>
public sealed class SandboxTests
{
    /// <summary>Filters are added to the one of the emulated kernel, and the strictest answer counts.</summary>
    [Theory]
    [MemberData(nameof(Machines.BothWays), MemberType = typeof(Machines))]
    public async Task ProgramWithFiltersOfItsOwn_IsAnsweredByThem_AndByTheEmulatedKernel(bool trapsEverything)
    {
        await using ProgramMachine machine = Machines.Make(trapsEverything);

        Assert.Equal("", Machines.Succeeded(await machine.RunAsync(CProgram.Build("sandbox"))));

        await Machines.AssertNothingIsLeftAsync(machine);
        Assert.Equal(1, machine.Stage);
    }
}
