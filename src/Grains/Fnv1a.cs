namespace Quota.Grains;

/// <summary>
/// The 64-bit FNV-1a hash (Fowler, Noll, Vo), for ids and fingerprints that are stored: the same in every process and version. Not
/// for tables that callers could fill with collisions.
/// </summary>
public static class Fnv1a
{
    private const ulong Basis = 14695981039346656037;
    private const ulong Prime = 1099511628211;

    /// <summary>Hashes <paramref name="bytes"/>, continuing from <paramref name="previous"/>.</summary>
    public static ulong Hash(ReadOnlySpan<byte> bytes, ulong previous = Basis)
    {
        ulong hash = previous;
        foreach (byte b in bytes)
        {
            hash = (hash ^ b) * Prime;
        }
        return hash;
    }

    /// <summary>Hashes a number, continuing from <paramref name="previous"/>.</summary>
    public static ulong Hash(long number, ulong previous)
    {
        ulong hash = previous;
        for (int shift = 0; shift < 64; shift += 8)
        {
            hash = (hash ^ (byte)(number >> shift)) * Prime;
        }
        return hash;
    }
}
