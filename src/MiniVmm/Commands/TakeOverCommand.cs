using System.CommandLine;
using LuoInterop;
using MiniVmm.Control;
using MiniVmm.Handoff;

namespace MiniVmm.Commands;

/// <summary>Takes a guest from the process that started this one, and goes on as <c>run</c> does.</summary>
internal static class TakeOverCommand
{
    public static Command Create()
    {
        var descriptor = new Option<int>(HandoffProcess.DescriptorOption) { Description = "The way to that process.", Required = true };
        var command = new Command(HandoffProcess.Command, "Takes a guest from the process that starts this one.")
        {
            descriptor,
        };
        command.Hidden = true;
        command.SetAction(arguments => Messages.Guard(() => Run(arguments.GetValue(descriptor))));
        return command;
    }

    private static int Run(int descriptor)
    {
        using TakenGuest guest = TakenGuest.Receive(Kernel.Linux, descriptor);
        HandoffOffer offer = guest.Offer;
        ConsoleKind kind = Enum.TryParse(offer.Console, ignoreCase: true, out ConsoleKind named) ? named : ConsoleKind.Socket;
        var settings = new HostSettings(Kernel.Linux, new RunFolder(offer.Folder), kind, null);
        return HostRun.Run(settings, Messages.Say, host =>
        {
            try
            {
                HostedVm vm = HostRun.Add(
                    host, settings, offer.Name, isSingle: true, Messages.Say, listener: guest.TakeListener());
                vm.TakeOver(guest);
            }
            catch (Exception error) when (HostedVm.IsRefusal(error))
            {
                guest.Refuse(error.Message);
                throw;
            }

            guest.Dispose();
        });
    }
}
