using Quota.Silo.Store;

namespace Quota.Silo.Execution.Shared;

/// <summary>What the store has of the keys that lie between two, as it was read. Immutable; blocks are by key, ascending.</summary>
/// <param name="Leases">Read first.</param>
/// <param name="Months">The records of the month; read after the leases.</param>
/// <param name="Blocks">The keys' own blocks; read after the records.</param>
/// <param name="Followed">The records of the month after it; read after the blocks.</param>
/// <param name="MonthsAgain">The records of the month once more; read last.</param>
/// <param name="IsLast">No key follows.</param>
internal sealed record UsageRange(
    UnsettledLeases Leases,
    IReadOnlyDictionary<byte[], StoredGrain> Months,
    IReadOnlyDictionary<byte[], StoredGrain> Blocks,
    IReadOnlyDictionary<byte[], StoredGrain> Followed,
    IReadOnlyDictionary<byte[], StoredGrain> MonthsAgain,
    bool IsLast)
{
    /// <summary>The keys that have a record of the month or a block, in the order of their bytes.</summary>
    public IReadOnlyList<byte[]> Keys() =>
        [.. Months.Keys.Concat(Blocks.Keys).Concat(MonthsAgain.Keys).Distinct(BytesComparer.Instance).Order(BytesComparer.Order)];

    /// <summary>Whether the key's record did not change while its block was read: then the two belong together.</summary>
    public bool IsConsistent(byte[] key) =>
        Months.TryGetValue(key, out StoredGrain first) == MonthsAgain.TryGetValue(key, out StoredGrain again) && first.Version == again.Version;
}
