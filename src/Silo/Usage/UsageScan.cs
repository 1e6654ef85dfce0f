using Quota.Contracts;
using Quota.Grains.Usage;
using Quota.Silo.Execution;
using Quota.Silo.Store;

namespace Quota.Silo.Usage;

/// <summary>
/// A month's usage in the order of the keys: two ordered walks through the store, one over the month's records and one over the
/// keys' blocks (of which those count whose day lies in the month), joined by key, in bounded memory.
/// <para>
/// Safety. The store alone is not a consistent picture of a key that is in memory: its two blocks are saved one after the other.
/// So every row is asked for in memory after both of its blocks were read. A key of which no block is in memory, and of which none
/// has left it since the earlier of the two reads, did not change in between: what was read is all of it. If any block has left
/// memory since, the key is read once more, consistently. Immutable but for the cursors, which belong to one call.
/// </para>
/// </summary>
/// <param name="store">Where records and blocks are.</param>
/// <param name="memory">What is newer than the store.</param>
/// <param name="readDay">The usage section of a key's block (key, block); null if it has none.</param>
public sealed class UsageScan(IGrainStore store, IUsageMemory memory, Func<ReadOnlyMemory<byte>, StoredGrain, UsageDay?> readDay)
{
    /// <inheritdoc cref="IUsageLedger.ScanAsync"/>
    /// <exception cref="StoreException">The store cannot be read, or a record in it is damaged.</exception>
    public async ValueTask<UsagePage> ScanAsync(ReadOnlyMemory<byte> owner, MonthLabel month, byte[]? after, int limit, CancellationToken cancellation)
    {
        var months = new StoreCursor(store, GrainId.MonthPrefix(owner.Span, month), after, () => memory.Departures);
        var blocks = new StoreCursor(store, GrainId.KeyPrefix(owner.Span), after, () => memory.Departures);
        var found = new List<KeyUsageState>(Math.Min(limit, Bounds.UsageScanPageRows));
        int pageRows = Math.Min(limit + 1, Bounds.UsageScanPageRows);
        ReadOnlyMemory<byte> last = default;
        for (int rows = 0; ; rows++)
        {
            // 1. The next key of either walk.
            await months.FillAsync(pageRows, cancellation).ConfigureAwait(false);
            await blocks.FillAsync(pageRows, cancellation).ConfigureAwait(false);
            if (months.IsAtEnd && blocks.IsAtEnd)
            {
                return new UsagePage(found, null);
            }
            int order = months.IsAtEnd ? 1 : blocks.IsAtEnd ? -1 : months.Key.Span.SequenceCompareTo(blocks.Key.Span);
            ReadOnlyMemory<byte> key = order <= 0 ? months.Key : blocks.Key;
            if (found.Count == limit || rows == Bounds.UsageScanRowsMax)
            {
                return new UsagePage(found, last.ToArray());
            }
            last = key;
            // 2. What the store has of it.
            UsageMonth? record = order <= 0 ? Decode(months.Grain, key) : null;
            UsageDay? day = order >= 0 ? readDay(key, blocks.Grain) : null;
            long stamp = Math.Min(months.Stamp, blocks.Stamp);
            if (order <= 0)
            {
                months.Advance();
            }
            if (order >= 0)
            {
                blocks.Advance();
            }
            if (record is null && day?.Month != month)
            {
                continue;
            }
            // 3. What memory has of it.
            KeyUsageState state = await ReadAsync(owner, key, month, record, day, stamp, cancellation).ConfigureAwait(false);
            if (!state.IsEmpty)
            {
                found.Add(state);
            }
        }
    }

    private async ValueTask<KeyUsageState> ReadAsync(ReadOnlyMemory<byte> owner, ReadOnlyMemory<byte> key, MonthLabel month, UsageMonth? record, UsageDay? day, long stamp, CancellationToken cancellation)
    {
        KeyUsageState? resident = await memory.TryReadAsync(owner, key, month, cancellation).ConfigureAwait(false);
        if (resident is not null)
        {
            return resident;
        }
        return memory.Departures != stamp
            ? await memory.ReadAsync(owner, key, month, cancellation).ConfigureAwait(false)
            : new KeyUsageState
            {
                KeyUtf8 = key.ToArray(),
                Month = record,
                Day = day?.Month == month ? day : null,
                Reserved = memory.Reserved(owner.Span, key.Span),
            };
    }

    private static UsageMonth Decode(in StoredGrain grain, ReadOnlyMemory<byte> key) =>
        UsageMonthCodec.TryDecode(grain.State.Span, out UsageMonth? month)
            ? month
            : throw new StoreException($"the month record of key {System.Text.Encoding.UTF8.GetString(key.Span)} is damaged");
}
