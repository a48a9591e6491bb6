using System.Text.RegularExpressions;
using LuoInterop.Tests.Shared;
using LuoInterop.VmTesting;
using Xunit;
using Xunit.Abstractions;

namespace LuoInterop.Systemd.VmTests;

/// <summary>Does what the first five minutes of docs/systemd.md say, with the page's own program and unit.</summary>
[Trait("Category", "Systemd")]
public sealed partial class SystemdPageTests(RootFixture fixture, ITestOutputHelper output) : IClassFixture<RootFixture>
{
    [Fact]
    public async Task Counter_CountsOn_AfterWhatThePageSays()
    {
        string page = await File.ReadAllTextAsync(Path.Combine(Repository.Root, "docs/systemd.md"));
        VmOptions options = fixture.Script(
            2,
            ServiceRun.Functions + $$"""
            if [ "$(luo-guest stage)" = 1 ]; then
              /usr/sbin/useradd -r counter
              mkdir -p /opt/counter
              cp {{Guest.FilesFolder}}/counter /opt/counter/counter
              systemctl start counter
              systemctl restart counter
              systemd-analyze fdstore counter.service > /tmp/fdstore
              luo-guest file fdstore /tmp/fdstore
            else
              systemctl start counter
            fi
            send "counter.$(luo-guest stage)" counter
            [ "$(luo-guest stage)" = 2 ] || luo-guest kexec
            """,
            ("counter.service", Unit().Match(page).Groups[1].Value));
        VmResult result = await VirtualMachine.RunAsync(options with
        {
            // A processor that is translated takes minutes for the checksum of 4 GiB, and a unit has 90 seconds to start by default.
            RootFiles = new Dictionary<string, string>(options.RootFiles)
            {
                ["/etc/systemd/system.conf.d/slow.conf"] = "[Manager]\nDefaultTimeoutStartSec=600\nDefaultTimeoutStopSec=600\n",
            },
            Files = new Dictionary<string, string> { ["counter"] = NativePrograms.Counter },

            // Preserving fills the memory's holes.
            MemoryMiB = 6144,
            TimeLimit = TimeSpan.FromMinutes(30),
            KernelTimeLimit = TimeSpan.FromMinutes(15),
        });
        output.Show(result);

        result.EnsurePassed();
        string[] said = Journal().Matches(page).Select(static match => match.Groups[1].Value).ToArray();
        Assert.Contains($"{Assert.Single(said)}.", result.Said("counter.1"));
        Assert.Contains("Memory cache: 4294967296 bytes came back from LiveUpdate, Verified.", result.Said("counter.2"));
        Assert.Contains("cache", result.Text("fdstore"), StringComparison.Ordinal);
    }

    [GeneratedRegex("```ini\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Unit();

    [GeneratedRegex("journalctl -u counter +# (.*)")]
    private static partial Regex Journal();
}
