using LuoInterop.Kho.Abi;

namespace LuoInterop.Fuzz;

/// <summary>Is a parser of physical memory.</summary>
/// <param name="name">The target's name.</param>
/// <param name="limit">What an input may cost.</param>
internal abstract class MemoryTarget(string name, Cost limit) : FuzzTarget(name)
{
    private long _steps;

    public override Cost Limit => limit;

    public override bool IsMemory => true;

    public override long Steps => _steps;

    public override byte[] Generate(Random random)
    {
        var memory = new MemoryBuilder();
        Build(random, memory);
        return memory.ToArray();
    }

    public override object? Parse(byte[] input)
    {
        var memory = new MemoryImage(input);
        try
        {
            return Read(memory);
        }
        catch (KhoFormatException)
        {
            return null;
        }
        finally
        {
            _steps = memory.Steps;
        }
    }

    /// <summary>Builds sound memory; what the parser begins with lies at the beginning of the first page.</summary>
    protected abstract void Build(Random random, MemoryBuilder memory);

    /// <summary>Reads it.</summary>
    /// <exception cref="KhoFormatException">It is not sound.</exception>
    protected abstract object Read(MemoryImage memory);

    /// <summary>Reads a word, or 0 where there is none.</summary>
    protected static ulong Word(MemoryImage memory, int offset)
    {
        Span<byte> word = stackalloc byte[sizeof(ulong)];
        return memory.TryRead(MemoryImage.Base + (ulong)offset, word) ? BitConverter.ToUInt64(word) : 0;
    }

    /// <summary>Reads a structure.</summary>
    protected static T Structure<T>(MemoryImage memory, int offset)
        where T : struct, IKhoSer<T>
    {
        Span<byte> bytes = stackalloc byte[T.SerSize];
        return memory.TryRead(MemoryImage.Base + (ulong)offset, bytes)
            ? T.Read(bytes)
            : throw KhoFormatException.Unreadable(MemoryImage.Base, typeof(T).Name);
    }
}
