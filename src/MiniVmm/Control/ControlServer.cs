using System.Net.Sockets;

namespace MiniVmm.Control;

/// <summary>Does what a VM is asked for.</summary>
internal interface IControlTarget
{
    /// <summary>Answers a request. Called on any thread, and may take its time.</summary>
    /// <param name="connection">Stands for the connection.</param>
    /// <param name="request">The request, which is not <see cref="ControlWord.Console"/>.</param>
    ControlAnswer Answer(object connection, ControlRequest request);

    /// <summary>Says why there is no console to be had; null where there is.</summary>
    string? ConsoleFault { get; }

    /// <summary>Makes a connection the guest's console, until it ends.</summary>
    Task ServeConsoleAsync(ControlStream stream, CancellationToken cancellation);

    /// <summary>Is told that a connection has ended.</summary>
    void Closed(object connection);
}

/// <summary>Listens to a VM's socket, and answers each connection line by line.</summary>
/// <remarks>Whatever comes in is answered, and ends at worst its own connection.</remarks>
internal sealed class ControlServer : IDisposable
{
    /// <summary>The most connections at once.</summary>
    public const int MostConnections = 64;

    // Milliseconds in which an answer is written, unless nobody reads it.
    private const int LongestAnswer = 2000;

    private readonly SafeSocketHandle _descriptor;
    private readonly IControlTarget _target;
    private readonly CancellationTokenSource _end = new();
    private CancellationTokenSource _accepting = new();
    private Socket? _listener;
    private Task _accept = Task.CompletedTask;
    private int _connections;
    private int _unanswered;

    /// <summary>Makes a server that does not accept yet.</summary>
    /// <param name="listener">The socket, which belongs to this object from now on.</param>
    /// <param name="target">Answers.</param>
    public ControlServer(SafeSocketHandle listener, IControlTarget target)
    {
        _descriptor = listener;
        _target = target;
    }

    /// <summary>Gets the descriptor of the socket, which stays this object's.</summary>
    public int Descriptor => (int)_descriptor.DangerousGetHandle();

    /// <summary>Accepts connections from now on.</summary>
    public void Start()
    {
        _listener ??= new Socket(_descriptor);
        _accepting = CancellationTokenSource.CreateLinkedTokenSource(_end.Token);
        _accept = AcceptAsync(_listener, _accepting.Token);
    }

    /// <summary>Accepts no more; those who connect wait. Connections that there are go on.</summary>
    public void Suspend()
    {
        _accepting.Cancel();
        _accept.GetAwaiter().GetResult();
        _accepting.Dispose();
    }

    /// <summary>Waits until every request that came has its answer, or its asker has no more patience.</summary>
    public void WaitUntilAnswered()
    {
        long end = Environment.TickCount64 + LongestAnswer;
        while (Volatile.Read(ref _unanswered) > 0 && Environment.TickCount64 < end)
        {
            Thread.Sleep(1);
        }
    }

    /// <summary>Ends all connections, and closes the socket.</summary>
    public void Dispose()
    {
        _end.Cancel();
        _listener?.Dispose();
        _descriptor.Dispose();
        _accepting.Dispose();
    }

    /// <summary>Ends all connections, and leaves the socket to another process that has it too.</summary>
    /// <remarks>The descriptor goes with the process, or when it is collected: the class Socket shuts a socket down when it is disposed,
    /// for everybody.</remarks>
    public void Leave() => _end.Cancel();

    private async Task AcceptAsync(Socket listener, CancellationToken cancellation)
    {
        while (true)
        {
            Socket socket;
            try
            {
                socket = await listener.AcceptAsync(cancellation).ConfigureAwait(false);
            }
            catch (Exception error) when (error is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
            catch (SocketException)
            {
                // Out of descriptors, or the other side has gone already: another one may be luckier.
                if (cancellation.IsCancellationRequested)
                {
                    return;
                }

                await Task.Delay(100, CancellationToken.None).ConfigureAwait(false);
                continue;
            }

            _ = ServeAsync(socket);
        }
    }

    private async Task ServeAsync(Socket socket)
    {
        using var stream = new ControlStream(socket);
        try
        {
            if (Interlocked.Increment(ref _connections) > MostConnections)
            {
                await AnswerAsync(stream, ControlAnswer.Refused($"{MostConnections} connections are open already.")).ConfigureAwait(false);
                return;
            }

            await ServeLinesAsync(stream).ConfigureAwait(false);
        }
        catch (Exception error) when (error is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // The other side has gone, or the VM ends.
        }
        finally
        {
            Interlocked.Decrement(ref _connections);
            _target.Closed(stream);
        }
    }

    private async Task ServeLinesAsync(ControlStream stream)
    {
        while (true)
        {
            ControlRequest request;
            try
            {
                if (await stream.ReadLineAsync(_end.Token).ConfigureAwait(false) is not { } line)
                {
                    return;
                }

                request = ControlLine.ReadRequest(line.Span);
            }
            catch (ControlException error)
            {
                // Where the next line begins is not known after one that is no line.
                await AnswerAsync(stream, ControlAnswer.Refused(error.Message)).ConfigureAwait(false);
                if (error.InnerException is null)
                {
                    return;
                }

                continue;
            }

            if (request.Request == ControlWord.Console)
            {
                string? fault = _target.ConsoleFault;
                await AnswerAsync(stream, fault is null ? ControlAnswer.Done : ControlAnswer.Refused(fault)).ConfigureAwait(false);
                if (fault is null)
                {
                    await _target.ServeConsoleAsync(stream, _end.Token).ConfigureAwait(false);
                    return;
                }

                continue;
            }

            Interlocked.Increment(ref _unanswered);
            try
            {
                ControlAnswer answer = await Task.Run(() => _target.Answer(stream, request)).ConfigureAwait(false);
                await AnswerAsync(stream, answer).ConfigureAwait(false);
            }
            finally
            {
                Interlocked.Decrement(ref _unanswered);
            }
        }
    }

    // Not ended by the end of the VM: who asked for that end is to hear of it.
    private static ValueTask AnswerAsync(ControlStream stream, ControlAnswer answer) =>
        stream.WriteLineAsync(ControlLine.Write(answer), CancellationToken.None);
}
