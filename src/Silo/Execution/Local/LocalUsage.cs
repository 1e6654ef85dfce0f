using System.Collections.Frozen;
using Quota.Grains.Calendar;
using Quota.Grains.Model;
using Quota.Grains.Usage;
using Quota.Silo.Catalog;
using Quota.Silo.Store;
using Quota.Silo.Time;
using Quota.Silo.Usage;

namespace Quota.Silo.Execution.Local;

/// <summary>
/// Usage as the local executor has it: every reading of a key is one transaction over its block and its month; scans walk the store
/// after a checkpoint and ask memory about every row.
/// <para>Safe for concurrent use: it has no state of its own.</para>
/// </summary>
internal sealed class LocalUsage : IUsageLedger, IUsageMemory
{
    private readonly CatalogState _catalog;
    private readonly IClock _clock;
    private readonly KeyTable _table;
    private readonly TransactionRunner _transactions;
    private readonly Checkpointer? _checkpointer;
    private readonly IGrainStore _store;
    private readonly UsageScan _scan;

    public LocalUsage(CatalogState catalog, IClock clock, KeyTable table, IGrainStore store, TransactionRunner transactions, Checkpointer? checkpointer)
    {
        _catalog = catalog;
        _clock = clock;
        _table = table;
        _transactions = transactions;
        _checkpointer = checkpointer;
        _store = store;
        _scan = new UsageScan(store, this, (key, grain) => UsageDayReader.Read(table.Layouts, key, grain));
    }

    public long Departures => _table.Departures;

    public ValueTask<KeyUsageState> ReadAsync(ReadOnlyMemory<byte> owner, ReadOnlyMemory<byte> key, MonthLabel month, CancellationToken cancellation)
    {
        byte[] keyId = GrainId.OfKey(owner.Span, key.Span);
        StepResult<KeyUsageState> read = _transactions.Run([keyId], _clock.Now(), transaction => Read(transaction, keyId, key, month));
        return read.Fault is { } fault ? throw new StoreException(fault.Message) : new(WithReserved(read.Value, owner.Span, key.Span));
    }

    public async ValueTask<KeyUsageState?> TryReadAsync(ReadOnlyMemory<byte> owner, ReadOnlyMemory<byte> key, MonthLabel month, CancellationToken cancellation) =>
        IsResident(owner.Span, key.Span, month) ? await ReadAsync(owner, key, month, cancellation).ConfigureAwait(false) : null;

    public IReadOnlyDictionary<string, long> Reserved(ReadOnlySpan<byte> owner, ReadOnlySpan<byte> key)
    {
        Shard shard = _table.ShardOfKey(owner, key);
        lock (shard.Gate)
        {
            IReadOnlyCollection<int> blocks = shard.Census.Reservations(owner, key);
            if (blocks.Count == 0)
            {
                return FrozenDictionary<string, long>.Empty;
            }
            var held = new Dictionary<string, long>(StringComparer.Ordinal);
            foreach (int block in blocks)
            {
                if (!RecordHead.IsTombstone(shard.State(block)) && GrainId.TryReadKey(shard.Id(block), out _, out ReadOnlySpan<byte> holder) && holder.SequenceEqual(key))
                {
                    AddHeld(ReservationState.Decode(shard.State(block)), held);
                }
            }
            return held;
        }
    }

    public async ValueTask<AdjustResult> AdjustAsync(ReadOnlyMemory<byte> owner, ReadOnlyMemory<byte> key, MonthLabel month, BillingModel billing, UsageAdjustment adjustment, CancellationToken cancellation)
    {
        if (!_catalog.Current.Namespaces.TryGet(owner.Span, out NamespaceModel? space))
        {
            return new AdjustResult(AdjustOutcome.Full, null, "the namespace is gone");
        }
        byte[] keyId = GrainId.OfKey(owner.Span, key.Span);
        var outcome = AdjustOutcome.Full;
        StepResult<KeyUsageState> adjusted = _transactions.Run([keyId], _clock.Now(), transaction =>
        {
            if (!UsageMover.TryReadMonth(transaction, keyId, month, out UsageMonth? record))
            {
                return null!;
            }
            CalendarPeriod period = billing.PeriodOf(month);
            record ??= new UsageMonth(period.StartMs, period.EndMs, billing.ZoneId);
            outcome = record.Adjust(adjustment);
            if (outcome == AdjustOutcome.Added)
            {
                UsageMover.WriteMonth(transaction, space, keyId, month, record);
            }
            return Read(transaction, keyId, key, month);
        });
        if (adjusted.Fault is { } fault)
        {
            return new AdjustResult(outcome, null, fault.Message);
        }
        long position = adjusted.Position != 0 ? adjusted.Position : _transactions.Appended;
        return await _transactions.WaitKeptAsync(position, SyncMode.Commit).ConfigureAwait(false)
            ? new AdjustResult(outcome, WithReserved(adjusted.Value, owner.Span, key.Span))
            : new AdjustResult(outcome, null, "the journal failed");
    }

    public async ValueTask<bool> SealAsync(ReadOnlyMemory<byte> owner, ReadOnlyMemory<byte> key, MonthLabel month, CancellationToken cancellation)
    {
        if (!_catalog.Current.Namespaces.TryGet(owner.Span, out NamespaceModel? space))
        {
            return false;
        }
        byte[] keyId = GrainId.OfKey(owner.Span, key.Span);
        StepResult<bool> step = _transactions.Run([keyId], _clock.Now(), transaction =>
        {
            if (!UsageMover.Move(transaction, space, keyId) || !UsageMover.TryReadMonth(transaction, keyId, month, out UsageMonth? record))
            {
                return false;
            }
            if (record is { IsSealed: false })
            {
                record.Seal(transaction.Now.WallMs);
                UsageMover.WriteMonth(transaction, space, keyId, month, record);
            }
            return true;
        });
        return step.Fault is null && await _transactions.WaitKeptAsync(step.Position, SyncMode.Commit).ConfigureAwait(false);
    }

    public async ValueTask<long?> CheckpointAsync(CancellationToken cancellation)
    {
        long asOfMs = _clock.Now().WallMs;
        return _checkpointer is null || await _checkpointer.TryRoundAsync(cancellation).ConfigureAwait(false) ? asOfMs : null;
    }

    public ValueTask<UsagePage> ScanAsync(ReadOnlyMemory<byte> owner, MonthLabel month, byte[]? after, int limit, CancellationToken cancellation) =>
        _scan.ScanAsync(owner, month, after, limit, cancellation);

    public ValueTask<IReadOnlyList<MonthCount>> CountMonthsAsync(ReadOnlyMemory<byte> owner, CancellationToken cancellation) =>
        MonthCounts.ReadAsync(_store, owner, cancellation);

    private bool IsResident(ReadOnlySpan<byte> owner, ReadOnlySpan<byte> key, MonthLabel month)
    {
        Span<byte> room = stackalloc byte[Contracts.Bounds.GrainIdBytesMax];
        Shard shard = _table.ShardOfKey(owner, key);
        lock (shard.Gate)
        {
            ReadOnlySpan<byte> id = room[..GrainId.WriteKey(room, owner, key)];
            if (shard.Find(KeyHash.Compute(id), id) != Shard.NotFound)
            {
                return true;
            }
            id = room[..GrainId.WriteMonth(room, owner, month, key)];
            return shard.Find(KeyHash.Compute(id), id) != Shard.NotFound;
        }
    }

    private static KeyUsageState Read(GrainTransaction transaction, byte[] keyId, ReadOnlyMemory<byte> key, MonthLabel month)
    {
        UsageDay? day = null;
        if (transaction.TryRead(keyId, out TransactionBlock? block) && block.Layout.Usage is not null && UsageSection.Read(block.Layout, block.State) is { } section
            && UsageMover.TryOpenMonth(transaction, keyId, section.Month, section.EndMs - 1, out MonthLabel label, out _) && label == month)
        {
            day = UsageSection.Read(block.Layout, block.State, label);
        }
        return transaction.Missing is not null || !UsageMover.TryReadMonth(transaction, keyId, month, out UsageMonth? record)
            ? null!
            : new KeyUsageState { KeyUtf8 = key.ToArray(), Month = record, Day = day };
    }

    private KeyUsageState WithReserved(KeyUsageState state, ReadOnlySpan<byte> owner, ReadOnlySpan<byte> key) =>
        new() { KeyUtf8 = state.KeyUtf8, Month = state.Month, Day = state.Day, Reserved = Reserved(owner, key) };

    internal static void AddHeld(ReservationState reservation, Dictionary<string, long> held)
    {
        if (reservation.Phase != ReservationPhase.Open)
        {
            return;
        }
        foreach (ReservedUnit unit in reservation.Units)
        {
            held[unit.Name] = held.GetValueOrDefault(unit.Name) + unit.Estimate;
        }
    }
}
