using System.Globalization;
using System.Text.RegularExpressions;
using LuoInterop.VmTesting;
using Xunit;
using Xunit.Abstractions;

namespace LuoInterop.Systemd.VmTests;

/// <summary>Kills a service before and after each message that it sends to systemd, and looks at what its next start has.</summary>
[Trait("Category", "Systemd")]
public sealed partial class StoreFaultTests(RootFixture fixture, ITestOutputHelper output) : IClassFixture<RootFixture>
{
    // A first store has 2 messages, each of two replacements 3, and the barrier at the end is one.
    private const int Messages = 9;

    private static readonly string[] s_moments =
    [
        .. Enumerable.Range(1, Messages).SelectMany(static number => (string[])[$"{number}-before", $"{number}-after"]),
    ];

    [Fact]
    public async Task KillAtEveryMessage_LosesNothingThatWasProven_AndLeavesNothingTwice()
    {
        VmResult result = await VirtualMachine.RunAsync(fixture.Script(
            1,
            ServiceRun.Functions + $$"""
            units=
            for moment in {{string.Join(' ', s_moments)}}; do units="$units walk@$moment.service"; done
            mkdir -p /run/walk
            systemctl start $units
            for unit in $units; do until systemctl is-failed -q "$unit"; do sleep 0.2; done; done
            systemctl daemon-reload
            for unit in $units; do
              luo-guest value "between.$unit" "$(systemctl show -P NFileDescriptorStore "$unit")"
            done
            systemctl start $units
            for unit in $units; do
              says "$unit" '^done$'
              luo-guest value "end.$unit" "$(systemctl show -P NFileDescriptorStore "$unit")"
              send "$unit" "$unit"
            done
            """,
            ("walk@.service", ServiceRun.Unit(
                $"{Guest.FilesFolder}/end-at /run/walk/%i %i {ServiceRun.Program} walk 3",
                "Type=exec",
                "FileDescriptorStoreMax=2",
                "FileDescriptorStorePreserve=yes"))).WithService().WithFile("end-at", RootFixture.Compile("end-at")));
        output.WriteLine(result.ToString());
        result.EnsurePassed();
        foreach (string moment in s_moments)
        {
            string text = result.Text($"walk@{moment}.service");
            output.WriteLine($"--- {moment}, {result.Value($"between.walk@{moment}.service")} in between\n{text}");

            // Two lives, the first of which was ended where it was to be.
            string[] lives = Life().Split(text);
            Assert.Equal(3, lives.Length);
            Assert.DoesNotContain("\ndone\n", lives[1], StringComparison.Ordinal);
            int proven = Last(Proven(), lives[1]);
            int tried = Last(Tried(), lives[1]);
            int found = Last(Found(), lives[2]);
            Assert.True(found >= proven && found <= tried, $"{moment}: {proven} was proven, {tried} tried, and {found} came back.");
            Assert.Contains($"Proven {found + 3}\n", lives[2], StringComparison.Ordinal);
            Assert.Equal("1", result.Value($"end.walk@{moment}.service"));
            Assert.InRange(int.Parse(result.Value($"between.walk@{moment}.service"), CultureInfo.InvariantCulture), Math.Min(found, 1), 2);
        }
    }

    private static int Last(Regex said, string text) =>
        said.Matches(text).Select(static match => int.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture)).LastOrDefault();

    [GeneratedRegex("^received.*\n", RegexOptions.Multiline)]
    private static partial Regex Life();

    [GeneratedRegex("^Proven ([0-9]+)$", RegexOptions.Multiline)]
    private static partial Regex Proven();

    [GeneratedRegex("^stores ([0-9]+)$", RegexOptions.Multiline)]
    private static partial Regex Tried();

    [GeneratedRegex("^found ([0-9]+)$", RegexOptions.Multiline)]
    private static partial Regex Found();
}
