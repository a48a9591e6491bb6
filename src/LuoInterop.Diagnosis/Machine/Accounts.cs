using System.Globalization;
using Mono.Unix.Native;

namespace LuoInterop.Diagnosis.Machine;

/// <summary>Names a machine's users and groups; who has no name there has a number.</summary>
internal sealed class Accounts(MachineFiles files)
{
    private readonly Dictionary<uint, string> _users = [];
    private readonly Dictionary<uint, string> _groups = [];

    public string User(uint id) => Name(_users, id, "/etc/passwd", static number => Syscall.getpwuid(number)?.pw_name);

    public string Group(uint id) => Name(_groups, id, "/etc/group", static number => Syscall.getgrgid(number)?.gr_name);

    private string Name(Dictionary<uint, string> known, uint id, string file, Func<uint, string?> ask)
    {
        if (!known.TryGetValue(id, out string? name))
        {
            string number = id.ToString(CultureInfo.InvariantCulture);
            name = (files.IsLive ? Ask(id, ask) : Find(files.Text(file), number)) ?? number;
            known.Add(id, name);
        }

        return name;
    }

    // A root without the library, as an initial RAM disk may be, has no users with names either.
    private static string? Ask(uint id, Func<uint, string?> ask)
    {
        try
        {
            return ask(id);
        }
        catch (DllNotFoundException)
        {
            return null;
        }
    }

    // name:password:number:...
    private static string? Find(string? text, string number) => (text ?? "").Split('\n').Select(static line => line.Split(':'))
        .FirstOrDefault(fields => fields.Length > 2 && fields[2] == number)?[0];
}
