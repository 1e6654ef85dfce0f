namespace Quota.Silo.Store;

/// <summary>Ranges of ids in the order of their bytes.</summary>
internal static class IdPrefix
{
    /// <summary>The first id after all ids with this prefix, or null if there is none (the prefix is all 0xFF).</summary>
    public static byte[]? UpperEnd(ReadOnlySpan<byte> prefix)
    {
        int last = prefix.LastIndexOfAnyExcept((byte)0xFF);
        if (last < 0)
        {
            return null;
        }
        byte[] end = prefix[..(last + 1)].ToArray();
        end[last]++;
        return end;
    }
}
