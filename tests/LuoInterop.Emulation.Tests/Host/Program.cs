namespace LuoInterop.Emulation.Tests.Host;

/// <summary>Runs parts of tests in a process of their own: <c>dotnet LuoInterop.Emulation.Tests.dll NAME WORDS</c>.</summary>
internal static class Program
{
    public static int Main(string[] words) => words switch
    {
        ["ask-for-writers", var path, var times] => LeaseProgram.AskForWriters(path, int.Parse(times, null)),
        ["ask-for-others", var times] => LeaseProgram.AskForOthers(int.Parse(times, null)),
        ["use"] => UseProgram.Run(),
        ["retrieve-more"] => UseProgram.RetrieveMoreThanFilesMayHave(),
        _ => 2,
    };
}
