using System.Globalization;
using System.Text;
using LuoInterop;
using MiniVmm.Control;
using MiniVmm.Tests.Control;
using Xunit;

namespace MiniVmm.Tests.Updates;

/// <summary>Updates guests in the midst of what they write and read: their consoles have no gap and no repeat.</summary>
[Collection(Alone.Name)]
public sealed class ConsoleCarryTests
{
    private const string Name = "vm1";
    private const int Updates = 8;

    [Fact]
    public void OutputThatNobodyReads_ComesOutInTheLastKernel()
    {
        using var host = new EmulatedHost();
        int kernels = 0;
        string text = "";
        Assert.Equal(0, host.Machine.Run(kernel =>
        {
            using var process = new HostProcess(kernel, host.NewRunFolder());
            HostedVm vm = ++kernels == 1 ? process.Start(Name) : process.Claim(Name);
            if (kernels <= Updates)
            {
                Assert.Fail(process.Update(host));
            }

            text = Encoding.ASCII.GetString(StopAndTake(vm));
            return 0;
        }));
        AreCounted(text, isFromTheStart: text.Length < GuestConsole.MostKept);
    }

    [Fact]
    public void OutputToATerminal_GoesOnWhereItWas_AlsoAfterARefusal()
    {
        using var host = new EmulatedHost();
        int kernels = 0;
        StringBuilder written = new();
        void Sink(ReadOnlyMemory<byte> piece) => written.Append(Encoding.ASCII.GetString(piece.Span));
        Assert.Equal(0, host.Machine.Run(kernel =>
        {
            using var process = new HostProcess(kernel, host.NewRunFolder());
            HostedVm vm = ++kernels == 1 ? process.Start(Name, Sink) : process.Claim(Name, output: Sink);
            Assert.Contains("the guest runs on", process.Update(host, image: "/no/such/image"), StringComparison.Ordinal);
            if (kernels <= Updates)
            {
                Assert.Fail(process.Update(host));
            }

            StopAndTake(vm);
            return 0;
        }));
        AreCounted(written.ToString(), isFromTheStart: true);
    }

    [Fact]
    public void InputThatTheGuestHasNotRead_IsReadInTheNextKernels()
    {
        string typed = string.Concat(Enumerable.Range(0, 400).Select(static i => string.Create(CultureInfo.InvariantCulture, $"word{i} ")));
        using var host = new EmulatedHost(EchoGuest.Run);
        int kernels = 0;
        StringBuilder echoed = new();
        void Sink(ReadOnlyMemory<byte> piece)
        {
            lock (echoed)
            {
                echoed.Append(Encoding.ASCII.GetString(piece.Span));
            }
        }

        int Length()
        {
            lock (echoed)
            {
                return echoed.Length;
            }
        }

        Assert.Equal(0, host.Machine.Run(kernel =>
        {
            using var process = new HostProcess(kernel, host.NewRunFolder());
            HostedVm vm = ++kernels == 1 ? process.Start(Name, Sink) : process.Claim(Name, output: Sink);
            if (kernels == 1)
            {
                vm.Console.Send(Encoding.ASCII.GetBytes(typed));
            }

            if (kernels <= 3)
            {
                Assert.Fail(process.Update(host));
            }

            while (Length() < typed.Length && process.Status(Name)!.State == "running")
            {
                Thread.Sleep(1);
            }

            return 0;
        }));
        Assert.Equal(typed, echoed.ToString());
    }

    // Stops the guest, and takes what it has written that nobody has read.
    private static byte[] StopAndTake(HostedVm vm)
    {
        Assert.True(vm.Answer(vm, new ControlRequest { Request = ControlWord.Pause }).Ok);
        return vm.Console.Take().Output;
    }

    // The guest writes its greeting and then how many passes it has made, in steps of 64.
    private static void AreCounted(string text, bool isFromTheStart)
    {
        string[] lines = text.Split('\n');
        int[] numbers =
        [
            .. lines[1..^1].Select(static line => int.Parse(line.Split(' ')[0], CultureInfo.InvariantCulture)),
        ];
        Assert.NotEmpty(numbers);
        Assert.Equal(Enumerable.Range(0, numbers.Length).Select(i => numbers[0] + (64 * i)), numbers);
        if (isFromTheStart)
        {
            Assert.StartsWith("I am a program in C#", text, StringComparison.Ordinal);
            Assert.Equal(64, numbers[0]);
        }
    }
}
