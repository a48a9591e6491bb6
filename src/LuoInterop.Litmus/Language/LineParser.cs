using LuoInterop.Litmus.Operations;

namespace LuoInterop.Litmus.Language;

/// <summary>Reads the lines of a script: <c>[NAME =] VERB ARGUMENTS</c>,
/// then <c># COMMENT</c> or <c>=> EXPECTATION</c> to the end of the line.</summary>
internal static class LineParser
{
    private const int MostLines = 100_000;

    public static List<LitmusLine> Parse(string script, string text)
    {
        var lines = new List<LitmusLine>();
        int number = 0;
        foreach (string line in text.Split('\n'))
        {
            if (++number > MostLines)
            {
                throw new LitmusSyntaxException(script, number, $"a script has at most {MostLines} lines.");
            }

            if (ParseLine(script, number, line.TrimEnd('\r')) is { } parsed)
            {
                if (parsed.Operation.IsBoot && lines.Count > 0)
                {
                    throw new LitmusSyntaxException(script, number, "'boot' describes the first kernel, and comes before all operations.");
                }

                lines.Add(parsed);
            }
        }

        return lines;
    }

    private static LitmusLine? ParseLine(string script, int number, string line)
    {
        var tokenizer = new Tokenizer(script, number, line);
        List<Token> tokens = tokenizer.Read();
        if (tokens.Count == 0)
        {
            return tokenizer.Expected is null
                ? null
                : throw new LitmusSyntaxException(script, number, "an expectation without an operation.");
        }

        string? target = null;
        if (tokens is [{ Key: null, Quoted: null, Word: var name }, { Key: null, Quoted: null, Word: "=" }, ..])
        {
            target = name;
            tokens.RemoveRange(0, 2);
        }

        string word = tokens.Count > 0 ? tokens[0].Word : "";
        Verb verb = (tokens is [{ Key: null, Quoted: null }, ..] ? Verbs.Find(word) : null)
            ?? throw new LitmusSyntaxException(
                script, number, $"'{word}' is no operation; there are {string.Join(", ", Verbs.All.Select(static verb => verb.Name))}.");
        if (target is not null && !verb.TakesTarget)
        {
            throw new LitmusSyntaxException(script, number, $"'{verb.Name}' gives no descriptor that could be named; write: {verb.Syntax}");
        }

        if (target is null && verb.NeedsTarget)
        {
            throw new LitmusSyntaxException(script, number, $"'{verb.Name}' gives a descriptor, which needs a name; write: {verb.Syntax}");
        }

        var arguments = new Arguments(script, number, verb, tokens[1..]);
        if (target is not null)
        {
            arguments.CheckName(target);
        }

        LitmusOperation operation = verb.Compile(arguments);
        arguments.CheckAllUsed();
        string text = line[..tokenizer.End].TrimStart();
        return new LitmusLine(number, text, tokenizer.Expected, verb.Name, target, operation);
    }
}
