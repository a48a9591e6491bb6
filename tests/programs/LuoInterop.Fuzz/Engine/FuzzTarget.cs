namespace LuoInterop.Fuzz;

/// <summary>Is a parser, with what makes its inputs and what must hold for each.</summary>
/// <remarks>Not safe for use from several threads at once.</remarks>
/// <param name="name">The target's name on the command line.</param>
internal abstract class FuzzTarget(string name)
{
    public string Name { get; } = name;

    /// <summary>Gets what one input may cost.</summary>
    public abstract Cost Limit { get; }

    /// <summary>Gets pieces of the grammar that damage puts into inputs.</summary>
    public virtual IReadOnlyList<byte[]> Snippets => [];

    /// <summary>Gets whether inputs are pages of memory, so that damage bends their links.</summary>
    public virtual bool IsMemory => false;

    /// <summary>Gets the work of the last <see cref="Parse"/>: reads and bytes of instrumented memory; 0 where there is none.</summary>
    public virtual long Steps => 0;

    /// <summary>Makes a sound input.</summary>
    public abstract byte[] Generate(Random random);

    /// <summary>Writes checksums anew over a damaged input, so that the parser gets past them.</summary>
    public virtual byte[] Reseal(byte[] damaged) => damaged;

    /// <summary>Brings an input to where the parser finds it; not counted.</summary>
    public virtual void Prepare(byte[] input)
    {
    }

    /// <summary>Parses an input.</summary>
    /// <returns>What was read, or null for a refusal that is documented. Every other exception is a fault.</returns>
    public abstract object? Parse(byte[] input);

    /// <summary>Checks what was read, and that it survives being written and read again.</summary>
    /// <exception cref="FuzzException">It does not.</exception>
    public virtual void Check(byte[] input, object parsed, bool isSound)
    {
    }

    /// <summary>Requires a condition.</summary>
    protected static void Require(bool condition, string what)
    {
        if (!condition)
        {
            throw new FuzzException(what);
        }
    }
}

/// <summary>Says what an input may cost: a fixed part, and so much for each byte.</summary>
internal readonly record struct Cost(long FixedBytes, long BytesPerByte, long FixedSteps = 0, long StepsPerByte = 0);

/// <summary>Reports that an input broke what must hold for every input.</summary>
internal sealed class FuzzException(string message, Exception? inner = null) : Exception(message, inner);
