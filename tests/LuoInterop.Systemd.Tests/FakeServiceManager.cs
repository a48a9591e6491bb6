using System.Collections.Concurrent;
using LuoInterop.Systemd.Store;
using LuoInterop.Tests.Shared;
using Tmds.Linux;
using Xunit;

namespace LuoInterop.Systemd.Tests;

/// <summary>Reads a service's messages and keeps its descriptors by the rules of systemd's service.c and manager.c.</summary>
/// <remarks>
/// The rules: a barrier is looked at first, and closes its descriptor whoever sent it. Of one message FDSTOREREMOVE wins over FDSTORE. A
/// full
/// store closes what comes before it looks for duplicates. An open file is kept once, under its first name. The newest is first.
/// </remarks>
internal sealed class FakeServiceManager : IDisposable
{
    private static int s_number;

    private readonly NotifyReceiver _receiver;
    private readonly Thread _reader;
    private readonly List<(string Name, KernelHandle Handle)> _store = [];
    private readonly ConcurrentQueue<(string Text, KernelHandle[] Descriptors)> _delayed = [];
    private readonly Lock _lock = new();
    private volatile bool _ended;
    private int _messages;

    public FakeServiceManager(int capacity)
    {
        Capacity = capacity;
        _receiver = new NotifyReceiver($"luointerop-fake-{System.Environment.ProcessId}-{Interlocked.Increment(ref s_number)}");
        _reader = new Thread(Read) { IsBackground = true };
        _reader.Start();
    }

    public string Address => _receiver.Address;

    public int Capacity { get; set; }

    /// <summary>Gets or sets what becomes of a message of the given number, from 0 on.</summary>
    public Func<int, string, MessageFault> Fault { get; set; } = static (_, _) => MessageFault.None;

    public List<string> Texts { get; } = [];

    public int Messages => Volatile.Read(ref _messages);

    /// <summary>Gets the names of what is stored, newest first.</summary>
    public string[] Names
    {
        get
        {
            lock (_lock)
            {
                return [.. _store.Select(static one => one.Name)];
            }
        }
    }

    /// <summary>Does what was delayed, in its order.</summary>
    public void GoOn()
    {
        while (_delayed.TryDequeue(out (string Text, KernelHandle[] Descriptors) message))
        {
            Do(message.Text, message.Descriptors);
        }
    }

    /// <summary>Turns the order around, as a daemon-reload does.</summary>
    public void Reload()
    {
        lock (_lock)
        {
            _store.Reverse();
        }
    }

    /// <summary>Passes what is stored to a new process, as a start of the service does.</summary>
    public ServiceEnvironment Start(out FileDescriptorStore store)
    {
        ServiceEnvironment environment = Environment();
        bool isThere = FileDescriptorStore.TryOpen(
            Kernel.Linux, environment, out FileDescriptorStore? opened, out FileDescriptorStoreException? why);
        Assert.True(isThere, why?.Message);
        store = opened!;
        return environment;
    }

    /// <summary>Makes an environment with duplicates of what is stored.</summary>
    public ServiceEnvironment Environment()
    {
        lock (_lock)
        {
            // The lowest numbers from 200 on that lie side by side.
            int first = 200;
            int[] numbers = [.. _store.Select(one => LibC.fcntl((int)one.Handle.DangerousGetHandle(), LibC.F_DUPFD_CLOEXEC, first))];
            while (numbers.Length > 0 && !numbers.SequenceEqual(Enumerable.Range(numbers[0], numbers.Length)))
            {
                first = numbers.Max() + 1;
                Array.ForEach(numbers, static number => Assert.Equal(0, LibC.close(number)));
                numbers = [.. _store.Select(one => LibC.fcntl((int)one.Handle.DangerousGetHandle(), LibC.F_DUPFD_CLOEXEC, first))];
            }

            return new ServiceEnvironment
            {
                NotifySocket = Address,
                FdStore = Capacity.ToString(System.Globalization.CultureInfo.InvariantCulture),
                ListenPid = System.Environment.ProcessId.ToString(System.Globalization.CultureInfo.InvariantCulture),
                ListenFds = numbers.Length.ToString(System.Globalization.CultureInfo.InvariantCulture),
                ListenFdNames = string.Join(':', _store.Select(static one => one.Name)),
                FirstDescriptor = numbers.Length > 0 ? numbers[0] : 200,
            };
        }
    }

    /// <summary>Waits until all that was sent is read and done.</summary>
    public void Settle()
    {
        using Pipe pipe = Pipe.Open(Kernel.Linux);
        new NotifySocket(Kernel.Linux, Address).Send("SETTLE=1", pipe.WriteEnd, Deadline.In(Timeout.InfiniteTimeSpan));
        pipe.WriteEnd.Dispose();
        Assert.True(pipe.WaitForHangUp(Deadline.In(Timeout.InfiniteTimeSpan)));
    }

    public void Dispose()
    {
        _ended = true;
        new NotifySocket(Kernel.Linux, Address).Send("END=1", null, Deadline.In(Timeout.InfiniteTimeSpan));
        _reader.Join();
        _receiver.Dispose();
        foreach ((string _, KernelHandle handle) in _store)
        {
            handle.Dispose();
        }

        Array.ForEach([.. _delayed], static message => Close(message.Descriptors));
    }

    private void Read()
    {
        while (!_ended)
        {
            string text = _receiver.Receive(out int[] received);
            KernelHandle[] descriptors = [.. received.Select(static one => new KernelHandle(Kernel.Linux, one))];
            if (text is "SETTLE=1" or "END=1")
            {
                Close(descriptors);
                continue;
            }

            lock (_lock)
            {
                Texts.Add(text);
            }

            MessageFault fault = Fault(Interlocked.Increment(ref _messages) - 1, text);
            switch (fault)
            {
                case MessageFault.Delay:
                    _delayed.Enqueue((text, descriptors));
                    break;
                case MessageFault.Drop or MessageFault.Truncate:
                    Close(descriptors);
                    break;
                case MessageFault.LoseDescriptors:
                    Close(descriptors);
                    Do(text, []);
                    break;
                case MessageFault.Repeat:
                    Do(text, [.. descriptors.Select(static one => StoredCopy.Duplicate(Kernel.Linux, one))]);
                    Do(text, descriptors);
                    break;
                default:
                    Do(text, descriptors);
                    break;
            }
        }
    }

    private void Do(string text, KernelHandle[] descriptors)
    {
        string[] tags = text.Split('\n');
        string? name = tags.FirstOrDefault(static tag => tag.StartsWith("FDNAME=", StringComparison.Ordinal))?["FDNAME=".Length..];
        lock (_lock)
        {
            if (tags.Contains("BARRIER=1"))
            {
                Close(descriptors);
            }
            else if (tags.Contains("FDSTOREREMOVE=1"))
            {
                Close(descriptors);
                foreach ((string Name, KernelHandle Handle) one in _store.Where(one => one.Name == name).ToArray())
                {
                    _store.Remove(one);
                    one.Handle.Dispose();
                }
            }
            else if (tags.Contains("FDSTORE=1"))
            {
                foreach (KernelHandle descriptor in descriptors)
                {
                    if (_store.Count >= Capacity || _store.Exists(one => SameFile.Is(Kernel.Linux, one.Handle, descriptor)))
                    {
                        descriptor.Dispose();
                    }
                    else
                    {
                        _store.Insert(0, (name ?? "stored", descriptor));
                    }
                }
            }
        }
    }

    private static void Close(KernelHandle[] descriptors) => Array.ForEach(descriptors, static one => one.Dispose());
}
