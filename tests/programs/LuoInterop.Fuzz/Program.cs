using System.CommandLine;
using LuoInterop.Fuzz;

var count = new Option<long>("--count") { Description = "How many inputs for each target.", DefaultValueFactory = static _ => 100_000 };
var seed = new Option<int?>("--seed") { Description = "The seed; a fresh one by default." };
var name = new Option<string?>("--target") { Description = "One target; all by default." };
var index = new Option<long?>("--index") { Description = "Makes and holds one input only." };
var file = new Option<FileInfo?>("--input") { Description = "Holds the bytes of a file against the target." };
var keep = new Option<DirectoryInfo>(
    "--keep") { Description = "The folder for an input that fails.",
        DefaultValueFactory = static _ => new DirectoryInfo("artifacts/fuzz") };
name.AcceptOnlyFromAmong([.. FuzzTargets.All().Select(static target => target.Name)]);
file.Validators.Add(result =>
{
    if (result.GetResult(name) is null)
    {
        result.AddError("--input needs --target");
    }
});
var root = new RootCommand(
    "Feeds the parsers of untrusted bytes with inputs that are grammatical and then damaged.") { count, seed, name, index, file, keep };
root.SetAction((arguments, cancellation) =>
{
    var command = new FuzzCommand(arguments.GetValue(seed) ?? Random.Shared.Next(), arguments.GetRequiredValue(keep).FullName);
    string? only = arguments.GetValue(name);
    if (arguments.GetValue(file) is { } input)
    {
        return Task.FromResult(FuzzCommand.Hold(only!, File.ReadAllBytes(input.FullName)));
    }

    IReadOnlyList<FuzzTarget> targets = only is null ? FuzzTargets.All() : [FuzzTargets.Find(only)];
    long? first = arguments.GetValue(index);
    return Task.FromResult(command.Run(targets, first ?? 0, first is null ? arguments.GetValue(count) : 1, cancellation));
});
return await root.Parse(args).InvokeAsync();
