namespace MiniVmm.Guests;

/// <summary>Says whether a vCPU's pages are as its counting leaves them, and how far it has come.</summary>
/// <param name="Position">How many pages it has counted in, modulo 256 times the pages that it has; 0 where one is wrong.</param>
/// <param name="Modulus">256 times the pages.</param>
/// <param name="WrongPage">The guest address of the first page that is wrong, or null.</param>
/// <param name="Fault">A sentence that says what is wrong, or null.</param>
internal readonly record struct PatternResult(long Position, long Modulus, ulong? WrongPage, string? Fault)
{
    /// <summary>Gets whether no page is lost, old or another's.</summary>
    public bool IsIntact => Fault is null;

    /// <summary>Gets by how many pages the vCPU has gone on since an earlier check, up to a multiple of <see cref="Modulus"/>.</summary>
    public long Since(PatternResult earlier) => (((Position - earlier.Position) % Modulus) + Modulus) % Modulus;
}
