using System.Collections.Frozen;
using System.Text;
using Quota.Contracts;
using Quota.Grains.Usage;
using Quota.Silo.Execution.Local;
using Quota.Silo.Store;
using Quota.Silo.Usage;

namespace Quota.Silo.Execution.Shared;

/// <summary>
/// A month's usage in the order of the keys, read from the shared store by pages.
/// <para>
/// Safety. A page is no consistent picture of a key: its month and its block, between which a step moves a day, are read one after the
/// other while silos go on. But a key's month rarely changes, and each change raises its version. So the months are read before the
/// blocks and again after them (<see cref="UsageRangeReader"/>): where a key's month is the same both times, it was that while the
/// block was read, and the two are what the key was at that instant. Every other key is read by a step of its own, which is
/// consistent, and so is one of which it takes more to say which month its running day belongs to. Leases are read before all of that:
/// what was used of one before the scan began is among the counts, or shown as unsettled, or both for a moment, and never in neither.
/// What reservations hold is read last, of the keys whose tally says that some are open.
/// </para>
/// Safe for concurrent use: it has no state of its own.
/// </summary>
/// <param name="store">Read from.</param>
/// <param name="layouts">Of the blocks.</param>
/// <param name="loadLayouts">Takes in layouts that other silos have made.</param>
/// <param name="readKey">Reads a key by a step of its own.</param>
internal sealed class SharedUsageScan(
    IGrainStore store,
    LayoutRegistry layouts,
    Func<Task> loadLayouts,
    Func<ReadOnlyMemory<byte>, ReadOnlyMemory<byte>, MonthLabel, CancellationToken, ValueTask<KeyUsageState>> readKey)
{
    /// <summary>Of the reader; a test has fewer.</summary>
    public int BooksMax { get; init; } = IGrainStore.SaveBatchMax;

    /// <inheritdoc cref="IUsageLedger.ScanAsync"/>
    public async ValueTask<UsagePage> ScanAsync(ReadOnlyMemory<byte> owner, MonthLabel month, byte[]? after, int limit, CancellationToken cancellation)
    {
        await loadLayouts().ConfigureAwait(false);
        var reader = new UsageRangeReader(store, owner, month) { BooksMax = BooksMax };
        var found = new List<KeyUsageState>(Math.Min(limit, Bounds.UsageScanPageRows));
        byte[]? last = after;
        for (int rows = 0; ;)
        {
            UsageRange range = await reader.ReadAsync(last, Math.Min(limit - found.Count + 1, Bounds.UsageScanPageRows), cancellation).ConfigureAwait(false);
            IReadOnlyList<byte[]> keys = range.Keys();
            KeyUsageState?[] states = new KeyUsageState?[keys.Count];
            await Parallel.ForAsync(
                0,
                Math.Min(keys.Count, Bounds.UsageScanRowsMax - rows),
                new ParallelOptions { MaxDegreeOfParallelism = Bounds.UsageKeyReadsAtOnce, CancellationToken = cancellation },
                async (i, cancel) => states[i] = await ReadAsync(owner, month, range, keys[i], cancel).ConfigureAwait(false)).ConfigureAwait(false);
            for (int i = 0; i < keys.Count; i++)
            {
                if (found.Count == limit || rows == Bounds.UsageScanRowsMax)
                {
                    return new UsagePage(found, last);
                }
                rows++;
                last = keys[i];
                if (states[i] is { IsEmpty: false } state)
                {
                    found.Add(state);
                }
            }
            if (range.IsLast || found.Count == limit)
            {
                return new UsagePage(found, range.IsLast ? null : last);
            }
        }
    }

    /// <summary>A row; null if the key has nothing in the month.</summary>
    private async ValueTask<KeyUsageState?> ReadAsync(ReadOnlyMemory<byte> owner, MonthLabel month, UsageRange range, byte[] key, CancellationToken cancellation)
    {
        if (!range.IsConsistent(key))
        {
            return await readKey(owner, key, month, cancellation).ConfigureAwait(false);
        }
        byte[] keyId = GrainId.OfKey(owner.Span, key);
        UsageMonth? record = range.Months.TryGetValue(key, out StoredGrain stored) ? Decode(stored, key) : null;
        UsageDay? day = null;
        uint reservations = 0;
        if (range.Blocks.TryGetValue(key, out StoredGrain block))
        {
            if (!layouts.TryFind(block.LayoutId, out _))
            {
                await loadLayouts().ConfigureAwait(false);
            }
            day = UsageDayReader.Read(layouts, key, KeyTally.Strip(layouts, keyId, block));
            reservations = KeyTally.Decode(KeyTally.Of(layouts, keyId, block).Span).Reservations;
        }
        if (record is null && day?.Month != month)
        {
            return null;
        }
        if (day is not null && IsElsewhere(range, key, month, record, day))
        {
            return await readKey(owner, key, month, cancellation).ConfigureAwait(false);
        }
        return new KeyUsageState
        {
            KeyUtf8 = key,
            Month = record,
            Day = day?.Month == month ? day : null,
            Reserved = reservations == 0 ? FrozenDictionary<string, long>.Empty : await ReservedAsync(store, owner, key, cancellation).ConfigureAwait(false),
            Unsettled = range.Leases.Units(keyId, month, record),
        };
    }

    /// <summary>Units that a key's open reservations hold, by unit.</summary>
    public static async ValueTask<IReadOnlyDictionary<string, long>> ReservedAsync(IGrainStore store, ReadOnlyMemory<byte> owner, ReadOnlyMemory<byte> key, CancellationToken cancellation)
    {
        var held = new Dictionary<string, long>(StringComparer.Ordinal);
        await foreach ((byte[] _, StoredGrain grain) in store.WalkAsync(GrainId.PrefixOf(GrainId.ReservationRecord, owner.Span, key.Span), cancellation).ConfigureAwait(false))
        {
            LocalUsage.AddHeld(ReservationState.Decode(grain.State.Span), held);
        }
        return held;
    }

    /// <summary>
    /// Whether the running day may belong to another month than its calendar says: it is counted in the first that is not sealed and that
    /// no later one has begun after (<see cref="UsageMover.TryOpenMonth"/>).
    /// </summary>
    private static bool IsElsewhere(UsageRange range, byte[] key, MonthLabel month, UsageMonth? record, UsageDay day) =>
        day.Month == month
            ? record is { IsSealed: true } || range.Followed.ContainsKey(key)
            : day.Month.Value < month.Value && record is not null;

    private static UsageMonth Decode(in StoredGrain grain, byte[] key) =>
        UsageMonthCodec.TryDecode(grain.State.Span, out UsageMonth? month)
            ? month
            : throw new StoreException($"the month record of key {Encoding.UTF8.GetString(key)} is damaged");
}
