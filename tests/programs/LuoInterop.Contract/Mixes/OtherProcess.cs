using System.Diagnostics;
using System.Globalization;
using Tmds.Linux;

namespace LuoInterop.Contract.Mixes;

/// <summary>Is another process of the machine, which does on a word what a program without the library may do.</summary>
public abstract class OtherProcess : IDisposable
{
    /// <summary>Opens the device.</summary>
    public const string Open = "open";

    /// <summary>Creates a session whose name is taken, and leaves it at that.</summary>
    public const string LeaveBlock = "leave-block";

    /// <summary>Closes the device.</summary>
    public const string Close = "close";

    /// <summary>Opens the device, leaves a block and closes the device, over and over, until the end.</summary>
    public const string Storm = "storm";

    /// <summary>Does what a word says.</summary>
    /// <returns>The errno of the call that the kernel refused, or <see cref="Errno.None"/>.</returns>
    public abstract Errno Obey(string word);

    public abstract void Dispose();

    /// <summary>Does what a word says, in the process that is the other one.</summary>
    /// <param name="kernel">The kernel as that process sees it.</param>
    /// <param name="word">The word.</param>
    /// <param name="device">The process's open device, or -1.</param>
    public static Errno Perform(Kernel kernel, string word, ref int device)
    {
        switch (word)
        {
            case Open:
                int opened = kernel.Open(LiveUpdateDevice.DefaultPath, LibC.O_RDWR | LibC.O_CLOEXEC);
                device = opened >= 0 ? opened : device;
                return (Errno)Math.Max(-opened, 0);
            case LeaveBlock:
                using (var handle = new Microsoft.Win32.SafeHandles.SafeFileHandle(device, ownsHandle: false))
                {
                    return (Errno)Math.Max(-kernel.Ioctl(handle, RawIoctl.CreateSession, RawIoctl.Named("s0")), 0);
                }

            case Close:
                int closed = kernel.Close(device);
                device = -1;
                return (Errno)Math.Max(-closed, 0);
            default:
                throw new ArgumentException($"Unknown word: {word}.", nameof(word));
        }
    }
}

/// <summary>Is another process of Linux: this program once more.</summary>
internal sealed class LinuxProcess : OtherProcess
{
    internal const string ChildWord = "other-process";

    private readonly Process _child = Process.Start(new ProcessStartInfo("dotnet", [typeof(LinuxProcess).Assembly.Location, ChildWord])
    {
        RedirectStandardInput = true,
        RedirectStandardOutput = true,
    })!;

    public override Errno Obey(string word)
    {
        _child.StandardInput.WriteLine(word);
        return (Errno)int.Parse(_child.StandardOutput.ReadLine()!, CultureInfo.InvariantCulture);
    }

    public override void Dispose()
    {
        _child.Kill();
        _child.WaitForExit();
        _child.Dispose();
    }

    /// <summary>Is the child: does what each line of standard input says.</summary>
    internal static int RunChild()
    {
        int device = -1;
        while (Console.ReadLine() is { } word)
        {
            if (word == Storm)
            {
                Console.WriteLine(0);
                while (true)
                {
                    if (Perform(Kernel.Linux, Open, ref device) == Errno.None)
                    {
                        Perform(Kernel.Linux, LeaveBlock, ref device);
                        Perform(Kernel.Linux, Close, ref device);
                    }
                }
            }

            Console.WriteLine((int)Perform(Kernel.Linux, word, ref device));
        }

        return 0;
    }
}
