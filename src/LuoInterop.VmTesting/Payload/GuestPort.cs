using System.Buffers.Binary;
using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using LuoInterop.Interop;
using LuoInterop.Shared.Interop;
using LuoInterop.VmTesting.Protocol;
using Microsoft.Win32.SafeHandles;
using Tmds.Linux;

namespace LuoInterop.VmTesting.Payload;

/// <summary>Is the payload's end of the report port.</summary>
internal sealed class GuestPort : IDisposable
{
    private static readonly TimeSpan s_busyLimit = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_answerLimit = TimeSpan.FromSeconds(60);

    private readonly SafeFileHandle _port;
    private readonly ushort _stage;

    // Random at first: a late answer to an earlier opener is then recognised.
    private uint _sequence = BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(4));

    private GuestPort(SafeFileHandle port, ushort stage)
    {
        _port = port;
        _stage = stage;
    }

    /// <summary>Is held while frames that belong together are sent.</summary>
    internal Lock Sequencing { get; } = new();

    /// <summary>Opens the port; one opener at a time is the kernel's rule, so that the present one is waited for.</summary>
    internal static GuestPort Open(string path, ushort stage)
    {
        // Made before the kernel is asked, so that no descriptor is without an owner.
        var port = new GuestPort(new SafeFileHandle(), stage);
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            int fd = Open(path);
            if (fd >= 0)
            {
                Marshal.InitHandle(port._port, fd);
                return port;
            }

            int error = -fd;
            if (error == LibC.EINTR)
            {
                continue;
            }

            if (error != LibC.EBUSY || Stopwatch.GetElapsedTime(start) > s_busyLimit)
            {
                throw new IOException($"{path} cannot be opened: {new Win32Exception(error).Message} (errno {error}).");
            }

            Thread.Sleep(2);
        }
    }

    /// <summary>Sends one frame; with an answer wanted, returns once the host has confirmed it.</summary>
    internal void Send(FrameType type, bool answer, Action<FrameBuilder> fill)
    {
        lock (Sequencing)
        {
            FrameBuilder frame = new(type, _stage, ++_sequence);
            fill(frame);
            Write(frame.Finish().Span);
            if (answer)
            {
                WaitForAck();
            }
        }
    }

    private static unsafe int Open(string path)
    {
        using var text = new CString(path, stackalloc byte[CString.OnStack]);
        return SystemCall.Result(LibC.open(text.Pointer, LibC.O_RDWR | LibC.O_CLOEXEC, 0));
    }

    public void Dispose()
    {
        // Not while a thread that sends waits for its answer on the descriptor.
        lock (Sequencing)
        {
            _port.Dispose();
        }
    }

    private unsafe void Write(ReadOnlySpan<byte> bytes)
    {
        using var open = new DescriptorReference(_port);
        while (!bytes.IsEmpty)
        {
            // SAFETY: the bytes are pinned for the call and passed with their own length.
            fixed (byte* at = bytes)
            {
                nint n = SystemCall.Result(LibC.write(open.Fd, at, bytes.Length));
                if (n < 0 && n != -LibC.EINTR)
                {
                    throw Failure("written", n);
                }

                bytes = bytes[(int)Math.Max(n, 0)..];
            }
        }
    }

    private void WaitForAck()
    {
        long start = Stopwatch.GetTimestamp();
        byte[] header = new byte[FrameFormat.HeaderSize];
        do
        {
            Read(header, start);
            if (Frame.CheckHeader(header, out FrameType type, out _, out _) != 0 || type != FrameType.Ack)
            {
                throw new IOException($"The host answered with a {type} frame.");
            }
        }
        while (BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(8)) != _sequence);
    }

    private unsafe void Read(Span<byte> bytes, long start)
    {
        using var open = new DescriptorReference(_port);
        while (!bytes.IsEmpty)
        {
            TimeSpan left = s_answerLimit - Stopwatch.GetElapsedTime(start);

            // SAFETY: one pollfd on the stack, and a count of one.
            pollfd poll = new() { fd = open.Fd, events = LibC.POLLIN };
            int ready = left <= TimeSpan.Zero ? 0 : SystemCall.Result(PollHeader.poll(&poll, 1, (int)left.TotalMilliseconds + 1));
            if (ready == 0)
            {
                throw new IOException($"The host did not answer within {s_answerLimit.TotalSeconds} s.");
            }

            if (ready < 0 && ready != -LibC.EINTR)
            {
                throw Failure("polled", ready);
            }

            if (ready < 0)
            {
                continue;
            }

            // SAFETY: as in Write.
            fixed (byte* at = bytes)
            {
                nint n = SystemCall.Result(LibC.read(open.Fd, at, bytes.Length));
                if (n == 0)
                {
                    throw new IOException("The host has closed the port.");
                }

                if (n < 0 && n != -LibC.EINTR && n != -LibC.EAGAIN)
                {
                    throw Failure("read", n);
                }

                bytes = bytes[(int)Math.Max(n, 0)..];
            }
        }
    }

    private static IOException Failure(string what, nint result) =>
        new($"The report port cannot be {what}: {new Win32Exception(-(int)result).Message} (errno {-result}).");
}
