namespace LuoInterop.Fuzz;

/// <summary>Counts what a run saw.</summary>
/// <param name="Inputs">The inputs.</param>
/// <param name="Accepted">Those that the parser read to their end.</param>
/// <param name="Bytes">The bytes of all.</param>
/// <param name="Allocated">What parsing them allocated, in bytes.</param>
internal readonly record struct FuzzFigures(long Inputs, long Accepted, long Bytes, long Allocated)
{
    public static FuzzFigures operator +(FuzzFigures left, FuzzFigures right) => new(
        left.Inputs + right.Inputs, left.Accepted + right.Accepted, left.Bytes + right.Bytes, left.Allocated + right.Allocated);
}

/// <summary>Reports an input that broke what must hold, with all that is needed to see it again.</summary>
internal sealed class FuzzFailureException(string target, int seed, long index, byte[] input, Exception cause)
    : Exception($"{target}: seed {seed}, index {index}, {input.Length} bytes: {cause.Message}", cause)
{
    public string Target { get; } = target;

    public int Seed { get; } = seed;

    public long Index { get; } = index;

    public byte[] Input { get; } = input;
}

/// <summary>Makes the inputs of a seed and holds what must hold against each.</summary>
/// <remarks>An input depends on target, seed and index alone.</remarks>
internal static class FuzzRun
{
    private const int SoundOneIn = 8;
    private const int MostDamage = 6;
    private const int MoreParses = 4;

    /// <summary>Runs inputs of a seed.</summary>
    /// <param name="target">The parser.</param>
    /// <param name="seed">The seed.</param>
    /// <param name="first">The first index.</param>
    /// <param name="count">How many.</param>
    /// <exception cref="FuzzFailureException">The first input that broke what must hold.</exception>
    public static FuzzFigures Run(FuzzTarget target, int seed, long first, long count)
    {
        var figures = default(FuzzFigures);
        for (long index = first; index < first + count; index++)
        {
            byte[] input = Make(target, seed, index, out bool isSound);
            try
            {
                long allocated = Hold(target, input, isSound, out bool accepted);
                figures += new FuzzFigures(1, accepted ? 1 : 0, input.Length, allocated);
            }
            catch (Exception error)
            {
                throw new FuzzFailureException(target.Name, seed, index, input, error);
            }
        }

        return figures;
    }

    /// <summary>Makes one input: a sound one, or one that is grammatical and then damaged.</summary>
    public static byte[] Make(FuzzTarget target, int seed, long index, out bool isSound)
    {
        var random = new Random(unchecked((int)Mix(((ulong)(uint)seed << 32) ^ (ulong)index)));
        byte[] input = target.Generate(random);
        isSound = random.Next(SoundOneIn) == 0;
        if (isSound)
        {
            return input;
        }

        for (int i = random.Next(1, MostDamage + 1); i > 0; i--)
        {
            input = Damage.Apply(random, target, input);
        }

        return random.Next(2) == 0 ? target.Reseal(input) : input;
    }

    /// <summary>Holds what must hold against one input.</summary>
    /// <returns>What parsing it allocated, in bytes.</returns>
    public static long Hold(FuzzTarget target, byte[] input, bool isSound, out bool accepted)
    {
        Cost limit = target.Limit;
        long most = limit.FixedBytes + (limit.BytesPerByte * input.Length);
        long allocated = Parse(target, input, out object? parsed);

        // The runtime's own tables grow now and then, and are counted to the thread that was there; what the parser needs, it needs again.
        for (int i = 0; allocated > most && i < MoreParses; i++)
        {
            allocated = Math.Min(allocated, Parse(target, input, out parsed));
        }

        if (allocated > most)
        {
            throw new FuzzException($"it allocates {allocated} bytes; {limit.FixedBytes} and {limit.BytesPerByte} a byte are the most");
        }

        if (target.Steps > limit.FixedSteps + (limit.StepsPerByte * input.Length))
        {
            throw new FuzzException($"it takes {target.Steps} steps; {limit.FixedSteps} and {limit.StepsPerByte} a byte are the most");
        }

        accepted = parsed is not null;
        if (isSound && !accepted)
        {
            throw new FuzzException("a sound input is refused");
        }

        if (parsed is not null)
        {
            target.Check(input, parsed, isSound);
        }

        return allocated;
    }

    private static long Parse(FuzzTarget target, byte[] input, out object? parsed)
    {
        target.Prepare(input);
        long before = GC.GetAllocatedBytesForCurrentThread();
        parsed = target.Parse(input);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    // SplitMix64, so that neighbouring indices have unlike inputs.
    private static ulong Mix(ulong value)
    {
        value += 0x9e3779b97f4a7c15;
        value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9;
        value = (value ^ (value >> 27)) * 0x94d049bb133111eb;
        return value ^ (value >> 31);
    }
}
