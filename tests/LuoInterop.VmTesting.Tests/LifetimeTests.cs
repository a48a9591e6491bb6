using System.Diagnostics;
using System.Globalization;
using Xunit;
using Xunit.Abstractions;

namespace LuoInterop.VmTesting.Tests;

/// <summary>Shows that no QEMU and no folder outlives its run, whichever process is killed.</summary>
[Trait("Category", "VM")]
public sealed class LifetimeTests(KernelFixture fixture, ITestOutputHelper output) : IClassFixture<KernelFixture>, IDisposable
{
    private readonly string _temp = Directory.CreateTempSubdirectory("luo-test-").FullName;

    public void Dispose() => Directory.Delete(_temp, recursive: true);

    [Theory]
    [InlineData("kill -9", true)]
    [InlineData("kill -TERM", true)]
    [InlineData("kill -9", false)]
    public async Task KilledQemu_IsALostMachine(string how, bool qemu)
    {
        VmProcess seen = default;
        VmResult result = await VirtualMachine.RunAsync(fixture.Shell("sleep 600") with
        {
            TempFolder = _temp,
            Started = process =>
            {
                seen = process;
                Thread.Sleep(300);
                Shell($"{how} {(qemu ? process.QemuProcessId : process.SupervisorProcessId)}");
            },
        });
        output.WriteLine(result.ToString());

        Assert.Equal((VmOutcome.VmLost, VmLostReason.QemuKilled), (result.Outcome, result.Loss?.Reason));
        await AssertGoneAsync(seen);
    }

    [Fact]
    public async Task Cancellation_EndsQemu()
    {
        VmProcess seen = default;
        using CancellationTokenSource source = new();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => VirtualMachine.RunAsync(
            fixture.Shell("sleep 600") with
            {
                TempFolder = _temp,
                Started = process =>
                {
                    seen = process;
                    source.CancelAfter(300);
                },
            },
            source.Token));
        await AssertGoneAsync(seen);
    }

    [Fact]
    public async Task ThrowingCallback_EndsQemuAndIsThrown()
    {
        VmProcess seen = default;
        InvalidDataException thrown =
            await Assert.ThrowsAsync<InvalidDataException>(() => VirtualMachine.RunAsync(fixture.Shell("echo hi; sleep 600") with
        {
            TempFolder = _temp,
            Started = process => seen = process,
            Output = line => throw new InvalidDataException(line.Text),
        }));
        output.WriteLine(thrown.Message);
        await AssertGoneAsync(seen);
    }

    [Fact]
    public async Task KilledHost_LeavesNothing()
    {
        using Process host = Process.Start(new ProcessStartInfo("dotnet", [KernelFixture.Payload, "host", fixture.Kernel.Folder!, _temp])
        {
            RedirectStandardOutput = true,
        })!;
        string[] words = (await host.StandardOutput.ReadLineAsync())!.Split(' ');
        Assert.Equal("started", words[0]);
        VmProcess seen =
            new(int.Parse(words[1], CultureInfo.InvariantCulture), int.Parse(words[2], CultureInfo.InvariantCulture), words[3]);
        while (await host.StandardOutput.ReadLineAsync() is { } line && !line.Contains("payload runs", StringComparison.Ordinal))
        {
            output.WriteLine(line);
        }

        Assert.True(Directory.Exists(seen.RunFolder));
        Assert.True(Runs(seen.QemuProcessId));
        Shell($"kill -9 {host.Id}");
        await host.WaitForExitAsync();
        await AssertGoneAsync(seen);
    }

    /// <summary>Kills the host before, while and after it makes the run's folder, starts the supervisor and QEMU, and boots.</summary>
    [Fact]
    public async Task HostKilledAtAnyMoment_LeavesNoProcess()
    {
        foreach (int milliseconds in (int[])[40, 70, 80, 84, 88, 92, 96, 100, 105, 110, 120, 140, 200, 400, 1500])
        {
            using (Process host =
                Process.Start(new ProcessStartInfo("dotnet", [KernelFixture.Payload, "host", fixture.Kernel.Folder!, _temp])
            {
                RedirectStandardOutput = true,
            })!)
            {
                await Task.Delay(milliseconds);
                host.Kill();
                string said = await host.StandardOutput.ReadToEndAsync();
                await host.WaitForExitAsync();
                output.WriteLine($"killed after {milliseconds} ms: "
                    + $"{(said.Contains("started ", StringComparison.Ordinal) ? "QEMU ran" : "QEMU did not run yet")}");
            }

            Stopwatch waited = Stopwatch.StartNew();
            while (waited.Elapsed < TimeSpan.FromSeconds(10) && ProcessesNaming(_temp).Count > 0)
            {
                await Task.Delay(20);
            }

            Assert.Empty(ProcessesNaming(_temp));
        }
    }

    private static List<string> ProcessesNaming(string text)
    {
        var found = new List<string>();
        foreach (string process in Directory.EnumerateDirectories("/proc")
            .Where(static folder => int.TryParse(Path.GetFileName(folder), out _)))
        {
            try
            {
                string command = File.ReadAllText(process + "/cmdline");
                if (command.Contains(text, StringComparison.Ordinal))
                {
                    found.Add(command.Replace('\0', ' '));
                }
            }
            catch (IOException)
            {
                // It ended meanwhile.
            }
        }

        return found;
    }

    private async Task AssertGoneAsync(VmProcess process)
    {
        Assert.NotEqual(0, process.QemuProcessId);
        Stopwatch waited = Stopwatch.StartNew();
        while (waited.Elapsed < TimeSpan.FromSeconds(10)
            && (Runs(process.QemuProcessId) || Runs(process.SupervisorProcessId) || Directory.Exists(process.RunFolder)))
        {
            await Task.Delay(20);
        }

        output.WriteLine($"gone after {waited.ElapsedMilliseconds} ms");
        Assert.False(Runs(process.QemuProcessId));
        Assert.False(Runs(process.SupervisorProcessId));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_temp));
    }

    // A killed process whose parent is gone may stay a zombie for as long as nobody reaps it: it runs no more.
    private static bool Runs(int pid)
    {
        string stat = $"/proc/{pid}/stat";
        try
        {
            return File.ReadAllText(stat).Split(')')[^1].TrimStart()[0] != 'Z';
        }
        catch (IOException)
        {
            return false;
        }
    }

    private static void Shell(string command)
    {
        using Process shell = Process.Start("/bin/sh", ["-c", command]);
        shell.WaitForExit();
        Assert.Equal(0, shell.ExitCode);
    }
}
