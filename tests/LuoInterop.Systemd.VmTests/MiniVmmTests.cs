using LuoInterop.Tests.Shared;
using LuoInterop.VmTesting;
using Xunit;
using Xunit.Abstractions;

namespace LuoInterop.Systemd.VmTests;

/// <summary>Runs MiniVmm as a unit, on KVM in the VM, whose guest systemd keeps over restarts of the unit and over kexecs.</summary>
[Trait("Category", "Systemd")]
public sealed class MiniVmmTests(RootFixture fixture, ITestOutputHelper output) : IClassFixture<RootFixture>
{
    private const string Program = Guest.FilesFolder + "/minivmm";

    [Fact]
    public async Task Guest_GoesOnAfterRestarts_AndAfterKexecs_WithAllOfItsMemory()
    {
        VmOptions options = fixture.Script(
            3,
            ServiceRun.Functions + $$"""
            stage=$(luo-guest stage)
            systemctl start vmm
            if [ "$stage" = 1 ]; then
              says vmm 'is new; systemd keeps it'
              systemctl restart vmm
              says vmm 'came back from systemd, 1 so far'
              systemctl restart vmm
              says vmm 'came back from systemd, 2 so far'
            else
              says vmm "came back from systemd, $((stage + 1)) so far"
            fi
            luo-guest value "status.$stage" "$({{Program}} status --name vm1 --json)"
            luo-guest value "stored.$stage" "$(systemctl show -P NFileDescriptorStore vmm)"
            if [ "$stage" = 3 ]; then
              {{Program}} stop --name vm1
              until [ "$(systemctl is-active vmm)" = inactive ]; do sleep 0.2; done
              luo-guest value stored.end "$(systemctl show -P NFileDescriptorStore vmm)"
            fi
            send "vmm.$stage" vmm
            [ "$stage" = 3 ] || luo-guest kexec
            """,
            ("vmm.service", ServiceRun.Unit(
                $"{Program} run --name vm1 --guest pattern --memory 32M --console none --keep",
                "Type=exec",
                "SuccessExitStatus=143",
                "FileDescriptorStoreMax=4",
                "FileDescriptorStorePreserve=yes"))).WithFile("minivmm", NativePrograms.MiniVmm);
        VmResult result = await VirtualMachine.RunAsync(options with
        {
            // As MiniVmm's own tests: AMD's virtualization is what QEMU translates, and with one processor it is right.
            CpuModel = "EPYC,+svm,+npt",
            Cpus = 1,
            TimeLimit = TimeSpan.FromMinutes(30),
            KernelTimeLimit = TimeSpan.FromMinutes(10),
        });
        output.Show(result);

        result.EnsurePassed();
        for (int stage = 1; stage <= 3; stage++)
        {
            Assert.Contains("its memory whole", result.Text($"vmm.{stage}"), StringComparison.Ordinal);
            Assert.Contains("\"running\"", result.Value($"status.{stage}"), StringComparison.Ordinal);
            Assert.Equal("1", result.Value($"stored.{stage}"));
        }

        Assert.Equal("0", result.Value("stored.end"));
    }
}
