using System.Text;
using System.Text.Json.Nodes;
using LuoInterop.Hunt;
using LuoInterop.Litmus;
using LuoInterop.Litmus.Operations;
using LuoInterop.Litmus.Replay;

namespace LuoInterop.Fuzz;

/// <summary>Reads litmus scripts.</summary>
internal sealed class LitmusTarget() : FuzzTarget("litmus")
{
    private const int Words = 160;

    private string _text = "";

    public override Cost Limit => new(65536, 256);

    public override IReadOnlyList<byte[]> Snippets { get; } =
    [
        .. Verbs.All.Select(static verb => verb.Name).Concat(
        [
            "=", " = ", "=>", " => 0\n", "#", "\"", "\\x", "\\xzz", "\\", "\n", "\r\n", "\t", "|", "size=", "size=4K size=4K",
            "flags=CLOEXEC|", "token=1", "0x", "0xffffffffffffffff",
            "-1", "9223372036854775807T", "*64", "*65", "+", "\"a\"*64", "boot cmdline=\"kho=on\"\n", "kexec\n", "a = ", "\u20ac",
        ]).Select(Encoding.UTF8.GetBytes),
        [0xff],
        [0],
    ];

    public override byte[] Generate(Random random)
    {
        var words = new int[Words];
        for (int i = 0; i < words.Length; i++)
        {
            words[i] = random.Next(Choices.Range);
        }

        return Encoding.UTF8.GetBytes(ScriptWriter.Write(new Choices(words), random.Next(1, 4)));
    }

    public override void Prepare(byte[] input) => _text = Encoding.UTF8.GetString(input);

    public override object? Parse(byte[] input)
    {
        try
        {
            return LitmusScript.Parse("fuzz", _text);
        }
        catch (LitmusSyntaxException)
        {
            return null;
        }
    }

    public override void Check(byte[] input, object parsed, bool isSound)
    {
        var script = (LitmusScript)parsed;
        string text = script.ToText();
        LitmusScript again = LitmusScript.Parse("again", text);
        Require(again.ToText() == text, "it is another text when it is written and read again");
        Require(
            again.Lines.Select(static line => (line.Verb, line.Text, line.Expected))
                .SequenceEqual(script.Lines.Select(static line => (line.Verb, line.Text, line.Expected))),
            "lines are others");
        Require(again.Kernels == script.Kernels && again.IsAlone == script.IsAlone, "it needs another machine");
    }
}

/// <summary>Reads the observations that a guest sends.</summary>
internal sealed class ObservationTarget() : FuzzTarget("observations")
{
    private const int Scripts = 3;
    private const int Lines = 8;

    public override Cost Limit => new(65536, 160);

    public override IReadOnlyList<byte[]> Snippets { get; } =
    [
        .. ((string[])[
            "\"script\":0", "\"script\":0,\"script\":1", "\"line\":-1", "\"line\":1e9", "\"observed\":[]", "null", "{}", "[]",
            "\"\\ud800\"", "{", "}", "[", "]", ","]).Select(Encoding.UTF8.GetBytes),
        [0xff],
    ];

    public override byte[] Generate(Random random) => Encoding.UTF8.GetBytes(new JsonArray(
        [.. Enumerable.Range(0, random.Next(1, 5)).Select(_ =>
        {
            int first = random.Next(Lines);
            return (JsonNode)ScriptBundle.Observations(
                random.Next(Scripts),
                first,
                Enumerable.Range(0, random.Next(Lines - first + 1)).Select(line => random.Next(5) == 0 ? null : $"{line} EBUSY \u20ac"));
        })]).ToJsonString());

    public override object? Parse(byte[] input)
    {
        string?[][] into = [.. Enumerable.Range(0, Scripts).Select(static _ => new string?[Lines])];
        try
        {
            ScriptBundle.ReadObservations(input, into);
            return into;
        }
        catch (InvalidDataException)
        {
            return null;
        }
    }

    public override void Check(byte[] input, object parsed, bool isSound)
    {
        var observed = (string?[][])parsed;
        var written = new JsonArray([.. observed.Select(static (texts, script) => (JsonNode)ScriptBundle.Observations(script, 0, texts))]);
        string?[][] again = [.. Enumerable.Range(0, Scripts).Select(static _ => new string?[Lines])];
        ScriptBundle.ReadObservations(Encoding.UTF8.GetBytes(written.ToJsonString()), again);
        Require(
            again.Zip(observed).All(static pair => pair.First.SequenceEqual(pair.Second)),
            "the observations are others when they are written and read again");
    }
}
