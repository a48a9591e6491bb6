using LuoInterop.Tests.Shared;

namespace LuoInterop.Cli.Tests;

/// <summary>Runs luoctl as a user does.</summary>
internal static class Luoctl
{
    public static (int Code, string Output, string Error) Run(params string[] words) => ChildProgram.RunBeside("luoctl.dll", words);
}
