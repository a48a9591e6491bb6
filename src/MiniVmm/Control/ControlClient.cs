using System.Net.Sockets;

namespace MiniVmm.Control;

/// <summary>Is a connection to a VM.</summary>
internal sealed class ControlClient : IDisposable
{
    private ControlClient(string name, Socket socket)
    {
        Name = name;
        Stream = new ControlStream(socket);
    }

    /// <summary>Gets the VM's name.</summary>
    public string Name { get; }

    /// <summary>Gets the connection.</summary>
    public ControlStream Stream { get; }

    /// <summary>Connects to a VM.</summary>
    /// <exception cref="ControlException">There is none of this name.</exception>
    public static ControlClient Connect(RunFolder folder, string name) => TryConnect(folder, name)
        ?? throw new ControlException($"no VM named {name} runs in {folder.FolderPath}. minivmm list shows those that do.");

    /// <summary>Connects to a VM; null where there is none of this name.</summary>
    public static ControlClient? TryConnect(RunFolder folder, string name) => VmName.Fault(name) is { } fault
        ? throw new ControlException($"{fault}.")
        : folder.TryConnect(name) is { } socket ? new ControlClient(name, socket) : null;

    /// <summary>Connects to VMs: those that are named, or all that run.</summary>
    /// <returns>The connections, which belong to the caller.</returns>
    /// <exception cref="ControlException">One that is named does not run.</exception>
    public static List<ControlClient> ConnectAll(RunFolder folder, IReadOnlyList<string> names)
    {
        List<ControlClient> clients = [];
        try
        {
            if (names.Count == 0)
            {
                folder.RemoveStale();
            }

            foreach (string name in names.Count > 0 ? names.Distinct() : folder.Names())
            {
                if (names.Count > 0)
                {
                    clients.Add(Connect(folder, name));
                }
                else if (TryConnect(folder, name) is { } client)
                {
                    clients.Add(client);
                }
            }

            return clients;
        }
        catch
        {
            clients.ForEach(static client => client.Dispose());
            throw;
        }
    }

    /// <summary>Sends a request and waits for the answer.</summary>
    /// <exception cref="ControlException">It was refused, or the VM has gone.</exception>
    public async Task<ControlAnswer> AskAsync(ControlRequest request, CancellationToken cancellation)
    {
        ControlAnswer answer;
        try
        {
            await Stream.WriteLineAsync(ControlLine.Write(request), cancellation).ConfigureAwait(false);
            ReadOnlyMemory<byte> line = await Stream.ReadLineAsync(cancellation).ConfigureAwait(false)
                ?? throw new ControlException($"{Name} has ended without an answer.");
            answer = ControlLine.ReadAnswer(line.Span);
        }
        catch (IOException error)
        {
            throw new ControlException($"{Name} has ended: {error.Message}", error);
        }

        return answer.Ok ? answer : throw new ControlException($"{Name}: {answer.Error}");
    }

    /// <summary>Sends a request that is a word only.</summary>
    /// <exception cref="ControlException">It was refused, or the VM has gone.</exception>
    public Task<ControlAnswer> AskAsync(string word, CancellationToken cancellation) =>
        AskAsync(new ControlRequest { Request = word }, cancellation);

    /// <summary>Asks for the VM's status.</summary>
    /// <exception cref="ControlException">The VM has gone.</exception>
    public async Task<VmStatus> StatusAsync(CancellationToken cancellation) =>
        (await AskAsync(ControlWord.Status, cancellation).ConfigureAwait(false)).Status
        ?? throw new ControlException($"{Name} does not say how it is.");

    /// <summary>Closes the connection.</summary>
    public void Dispose() => Stream.Dispose();
}
