using System.Text;

namespace LuoInterop.Hunt;

/// <summary>Writes a script out of a row of choices.</summary>
public sealed class ScriptWriter
{
    private const int MostMemoryFiles = 5;
    private const int MostSessions = 5;

    private readonly Choices _choices;
    private readonly Values _values;
    private readonly ScriptState _state = new();
    private readonly StringBuilder _text = new();
    private readonly int _astray;

    private ScriptWriter(Choices choices)
    {
        _choices = choices;

        // Some scripts are careful programs, some are hostile ones; most are in between.
        _astray = choices.Of(0, 3, 8, 8, 20, 50);
        _values = new Values(choices, Math.Max(_astray, 2));
    }

    /// <summary>Writes a script.</summary>
    /// <param name="choices">Decides everything.</param>
    /// <param name="kernels">The most kernels that it runs in.</param>
    public static string Write(Choices choices, int kernels) => new ScriptWriter(choices).Write(kernels);

    private string Write(int kernels)
    {
        for (int kernel = 1; kernel <= kernels; kernel++)
        {
            int lines = 6 + _choices.Below(20);
            for (int i = 0; i < lines && _choices.Any; i++)
            {
                WriteLine();
            }

            Observe();
            if (kernel < kernels)
            {
                Line("kexec");
                _state.Kexec();
            }
        }

        return _text.ToString();
    }

    // What is missing for a live update is done sooner than what is there already.
    private void WriteLine() => _choices.Weighted<Action>(
    [
        (_state.Has(Kind.Device) ? 1 : 40, Open),
        (_state.Count(Kind.Outgoing) >= MostSessions ? 1 : _state.Has(Kind.Outgoing) ? 6 : 24, CreateSession),
        (_state.Kernel == 1 ? 1 : _state.Count(Kind.Incoming) >= _state.Carried.Count ? 2 : 40, RetrieveSession),
        (_state.Count(Kind.Memory) >= MostMemoryFiles ? 1 : _state.Has(Kind.Memory) ? 8 : 24, MakeMemory),
        (2, MakeOther),
        (_state.Has(Kind.Outgoing) && _state.Has(Kind.Memory) ? 30 : 2, Preserve),
        (_state.Has(Kind.Incoming) ? 40 : 1, RetrieveFile),
        (_state.Has(Kind.Incoming) ? 4 : 1, () => Line($"finish {Pick(Kind.Incoming)}")),
        (2, () => Line($"get_name {Pick(_choices.Percent(50) ? Kind.Incoming : Kind.Outgoing)}")),
        (6, Ioctl),
        (3, Close),
        (4, Another),
        (_state.Has(Kind.Memory) ? 40 : 3, OnMemory),
        (4, OnSessionOrDevice),
        (_state.Kernel == 1 && _choices.Percent(20) ? 1 : 0, Exit),
    ])();

    private void Open()
    {
        string flags = _choices.Percent(_astray) ? " flags=" + _choices.Of("RDONLY", "WRONLY", "RDWR|NONBLOCK", "RDWR|TRUNC", "PATH") : "";
        Line($"{_state.Add(Kind.Device)} = open{flags}");
    }

    private void CreateSession()
    {
        string device = Pick(Kind.Device);
        string session = _values.Session();
        string name = _state.Add(Kind.Outgoing);
        _state.Sessions[name] = (session, []);
        Line($"{name} = create_session {device} {session}");
    }

    private void RetrieveSession()
    {
        string device = Pick(Kind.Device);
        string name = _state.Add(Kind.Incoming);
        string session = _values.Session();
        if (_state.Carried.Count > 0 && !_choices.Percent(_astray))
        {
            // One that has files more often than not.
            var full = _state.Carried.Where(static carried => carried.Tokens.Count > 0).ToList();
            var from = full.Count > 0 && _choices.Percent(80) ? full : _state.Carried;
            (session, List<string> tokens) = from[_choices.Below(from.Count)];
            _state.Sessions[name] = (session, tokens);
        }

        Line($"{name} = retrieve_session {device} {session}");
    }

    private void MakeMemory()
    {
        string name = _state.Add(Kind.Memory);
        Line(_choices.Below(10) switch
        {
            0 => $"{name} = tmpfile",
            1 => $"{name} = file {_choices.Of("one", "two")}",
            _ => $"{name} = memfd size={_values.Size()} flags={_values.MemfdFlags()}",
        });
        if (_choices.Percent(50))
        {
            Line($"pwrite {name} {_values.Offset()} {_values.Length()} seed={_values.Seed()}");
        }
    }

    private void MakeOther()
    {
        string name = _state.Add(Kind.Other);
        Line(_choices.Percent(20) ? $"{name} = memfd size=2M flags=HUGETLB" : $"{name} = other {_values.OtherKind()}");
    }

    private void Preserve()
    {
        string session = Pick(Kind.Outgoing);
        string file = _choices.Percent(_astray + 2) ? Pick(Kind.Other) : Pick(Kind.Memory);
        string token = _values.Token();
        if (_state.Sessions.TryGetValue(session, out (string Session, List<string> Tokens) entry))
        {
            entry.Tokens.Add(token);
        }

        Line($"preserve_fd {session} {file} token={token}");
    }

    private void RetrieveFile()
    {
        string session = Pick(Kind.Incoming);
        string[] tokens = _state.Sessions.TryGetValue(session, out (string Session, List<string> Tokens) entry) ? [.. entry.Tokens] : [];
        string token = tokens.Length > 0 && !_choices.Percent(_astray) ? _choices.Of<string>(tokens) : _values.Token();
        string name = _state.Add(Kind.Memory);
        Line($"{name} = retrieve_fd {session} token={token}");
        if (_choices.Percent(70))
        {
            Line($"stat {name}");
            Line($"hash {name}");
            Line($"seals {name}");
            Line($"lseek {name} 0 CUR");
            Line($"{_choices.Of("link", "getfl", "getfd")} {name}");
        }
    }

    private void Ioctl()
    {
        bool device = _choices.Percent(40);
        string file = Pick(device ? Kind.Device : _choices.Percent(50) ? Kind.Incoming : Kind.Outgoing);
        var line = new StringBuilder($"ioctl {file} {_values.Request(device)}");
        Option(line, 35, () => $"size={_values.RequestSize()}");
        Option(line, 50, () => $"fd={(_choices.Percent(60) ? Pick(Kind.Memory) : _choices.Of("-1", "99999", "-100"))}");
        Option(line, 60, () => $"name={_values.Session()}");
        Option(line, 60, () => $"token={_values.Token()}");
        Option(line, 15, () => $"reserved={_choices.Of("1", "-1")}");
        Option(line, 15, () => $"tail={_values.Tail()}");
        Option(line, 25, () => $"at={_values.Place()}");
        Line(line.ToString());
    }

    private void Option(StringBuilder line, int percent, Func<string> option)
    {
        if (_choices.Percent(percent))
        {
            line.Append(' ').Append(option());
        }
    }

    private void Close()
    {
        // Sessions are closed less often: a script that has none left says little.
        Kind kind = _choices.Weighted([(4, Kind.Memory), (2, Kind.Outgoing), (2, Kind.Incoming), (2, Kind.Device), (1, Kind.Other)]);
        string name = Pick(kind);
        Line($"close {name}");
        _state.Remove(name);
    }

    private void Another()
    {
        Kind kind = _choices.Weighted([(6, Kind.Memory), (2, Kind.Outgoing), (2, Kind.Incoming), (2, Kind.Device), (1, Kind.Other)]);
        string from = Pick(kind);
        string operation = _choices.Percent(50) ? $"dup {from}" : $"reopen {from} flags={_values.OpenFlags()}";
        kind = _state.KindOf(from) ?? Kind.Other;
        string name = _state.Add(kind);
        if (_state.Sessions.TryGetValue(from, out (string Session, List<string> Tokens) session))
        {
            _state.Sessions[name] = session;
        }

        Line($"{name} = {operation}");
    }

    private void OnMemory()
    {
        string name = Pick(Kind.Memory);
        var lines = new MemoryLines(_choices, _values, Line);
        if (_state.KindOf(name) == Kind.Memory)
        {
            lines.Write(name);
        }
        else
        {
            lines.WriteAstray(name);
        }
    }

    private void OnSessionOrDevice()
    {
        string name = Pick(_choices.Of(Kind.Device, Kind.Outgoing, Kind.Incoming));
        if (_state.KindOf(name) is not (Kind.Device or Kind.Outgoing or Kind.Incoming))
        {
            new MemoryLines(_choices, _values, Line).WriteAstray(name);
            return;
        }

        Line(_choices.Of<Func<string>>(
            () => $"read {name} 100",
            () => $"write {name} 100",
            () => $"pread {name} 0 100",
            () => $"pwrite {name} 0 100",
            () => $"lseek {name} 0 {_choices.Of("SET", "CUR", "END", "DATA")}",
            () => $"truncate {name} 0",
            () => $"fallocate {name} {_values.AllocateMode()} 0 4096",
            () => $"stat {name}",
            () => $"link {name}",
            () => $"getfl {name}",
            () => $"getfd {name}",
            () => $"seals {name}",
            () => $"add_seals {name} SEAL",
            () => $"map {name} 4096",
            () => $"setfl {name} {_choices.Of("NONBLOCK", "APPEND", "0")}",
            () => _state.KindOf(name) == Kind.Device ? $"stat {name}" : $"chmod {name} {_values.Mode()}",
            () => $"hash {name}")());
    }

    private void Exit()
    {
        Line("exit");
        _state.Exit();
    }

    private void Observe()
    {
        foreach (string name in _state.All(Kind.Memory).ToArray())
        {
            if (_choices.Percent(60))
            {
                Line($"stat {name}");
                Line($"hash {name}");
                Line($"seals {name}");
            }
        }
    }

    private string Pick(Kind kind) => _state.Pick(_choices, kind, _astray);

    private void Line(string text) => _text.Append(text).Append('\n');
}
