using System.CommandLine;
using LuoInterop.Cli.Output;
using LuoInterop.Diagnosis;

namespace LuoInterop.Cli.Doctor;

/// <summary>Is <c>luoctl doctor</c>: says whether a machine is ready for a live update, and what is in the way.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        Option<string> root = CommandTree.Root();
        var kernel = new Option<string>(
            "--kernel") { Description = "Judge this kernel image instead of the kernel that runs.", HelpName = "image" };
        var config = new Option<string>(
            "--config") { Description = "The configuration of the kernel that is judged (.config, config.gz).", HelpName = "file" };
        var check = new Option<string[]>(
            "--check") { Description = "Run this check only; may be given again.", HelpName = "id" };
        check.CompletionSources.Add([.. MachineDiagnosis.CheckIds]);
        check.Validators.Add(static result =>
        {
            if (result.Tokens.FirstOrDefault(static token => !MachineDiagnosis.CheckIds.Contains(token.Value)) is { } unknown)
            {
                result.AddError($"there is no check '{unknown.Value}'");
            }
        });
        var strict = new Option<bool>("--strict") { Description = "Take a warning for a failure." };
        Option<bool> json = CommandTree.Json();
        var command = new Command(
            "doctor",
            "Says whether this machine is ready for a live update, what is in the way, and what to do about it; changes nothing.")
        {
            root, kernel, config, check, strict, json,
        };
        command.SetAction(arguments => CommandRun.Run(arguments.GetValue(json), output =>
        {
            MachineDiagnosis diagnosis = MachineDiagnosis.Run(new DiagnosisOptions
            {
                Root = arguments.GetValue(root)!,
                KernelImage = arguments.GetValue(kernel),
                Configuration = arguments.GetValue(config),
                Only = arguments.GetValue(check) ?? [],
            });
            bool isStrict = arguments.GetValue(strict);
            output.Write(text => DoctorOutput.WriteText(text, diagnosis, isStrict), () => DoctorOutput.ToJson(diagnosis, isStrict));
            return CodeOf(diagnosis.Answer(isStrict));
        }));
        return command;
    }

    /// <summary>Gets the exit code of an answer.</summary>
    public static int CodeOf(Readiness readiness) => readiness switch
    {
        Readiness.Ready => ExitCode.Yes,
        Readiness.NotReady => ExitCode.No,
        _ => ExitCode.Unknown,
    };
}
