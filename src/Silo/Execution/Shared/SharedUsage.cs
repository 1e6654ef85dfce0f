using Quota.Grains.Model;
using Quota.Grains.Usage;
using Quota.Silo.Execution.Local;
using Quota.Silo.Execution.Shared.Leases;
using Quota.Silo.Store;
using Quota.Silo.Time;
using Quota.Silo.Usage;

namespace Quota.Silo.Execution.Shared;

/// <summary>
/// What keys used, in the shared store. A key is read, adjusted and sealed by a step of its own, which is consistent; a scan walks the
/// store and reads every key it finds by such a step, because two blocks of a key may be saved between two pages.
/// <para>Safe for concurrent use: it has no state but the number of reads.</para>
/// </summary>
internal sealed class SharedUsage : IUsageLedger, IUsageMemory
{
    private readonly StepRunner _steps;
    private readonly IGrainStore _store;
    private readonly IClock _clock;
    private readonly LeaseSettler? _settler;
    private readonly UsageScan _scan;
    private long _reads;

    public SharedUsage(StepRunner steps, IGrainStore store, BatchRunner runner, LayoutRegistry layouts, IClock clock, LeaseSettler? settler)
    {
        _settler = settler;
        _steps = steps;
        _store = store;
        _clock = clock;
        _scan = new UsageScan(store, this, (key, grain) => UsageDayReader.Read(layouts, key, grain)) { BeforeScan = runner.LoadLayoutsAsync };
    }

    /// <summary>Never the same: the store alone is not a consistent reading of a key.</summary>
    public long Departures => Interlocked.Increment(ref _reads);

    public async ValueTask<KeyUsageState> ReadAsync(ReadOnlyMemory<byte> owner, ReadOnlyMemory<byte> key, MonthLabel month, CancellationToken cancellation)
    {
        if (_settler is not null)
        {
            await _settler.SettleAsync(GrainId.OfKey(owner.Span, key.Span)).ConfigureAwait(false);
        }
        (KeyUsageState? state, string? fault) = await _steps.RunAsync<(KeyUsageState?, string?)>(
            [GrainId.OfKey(owner.Span, key.Span)],
            bench => (TryNow(() => bench.Usage.ReadAsync(owner, key, month, cancellation)), null),
            fault => (null, fault.Message)).ConfigureAwait(false);
        if (state is null)
        {
            throw new StoreException(fault ?? "the key cannot be read");
        }
        IReadOnlyDictionary<string, long> reserved = await ReservedAsync(owner, key, cancellation).ConfigureAwait(false);
        IReadOnlyDictionary<string, long> unsettled = await UnsettledAsync(owner, key, month, state, cancellation).ConfigureAwait(false);
        return new KeyUsageState { KeyUtf8 = state.KeyUtf8, Month = state.Month, Day = state.Day, Reserved = reserved, Unsettled = unsettled };
    }

    public ValueTask<KeyUsageState?> TryReadAsync(ReadOnlyMemory<byte> owner, ReadOnlyMemory<byte> key, MonthLabel month, CancellationToken cancellation) => default;

    /// <summary>Not asked: every row is read by <see cref="ReadAsync"/>.</summary>
    public IReadOnlyDictionary<string, long> Reserved(ReadOnlySpan<byte> owner, ReadOnlySpan<byte> key) => new Dictionary<string, long>();

    public async ValueTask<AdjustResult> AdjustAsync(ReadOnlyMemory<byte> owner, ReadOnlyMemory<byte> key, MonthLabel month, BillingModel billing, UsageAdjustment adjustment, CancellationToken cancellation)
    {
        return await _steps.RunAsync(
            [GrainId.OfKey(owner.Span, key.Span)],
            bench => TryNow(() => bench.Usage.AdjustAsync(owner, key, month, billing, adjustment, cancellation))!,
            fault => new AdjustResult(AdjustOutcome.Full, null, fault.Message)).ConfigureAwait(false);
    }

    public async ValueTask<bool> SealAsync(ReadOnlyMemory<byte> owner, ReadOnlyMemory<byte> key, MonthLabel month, CancellationToken cancellation) =>
        await _steps.RunAsync(
            [GrainId.OfKey(owner.Span, key.Span)],
            bench => TryNow(() => bench.Usage.SealAsync(owner, key, month, cancellation)),
            _ => false).ConfigureAwait(false);

    /// <summary>What this silo has spent of its leases is settled; what others have is shown as unsettled until they have.</summary>
    public async ValueTask<long?> CheckpointAsync(CancellationToken cancellation)
    {
        long asOfMs = _clock.Now().WallMs;
        return _settler is null || await _settler.SettleAllAsync().ConfigureAwait(false) ? asOfMs : null;
    }

    public ValueTask<UsagePage> ScanAsync(ReadOnlyMemory<byte> owner, MonthLabel month, byte[]? after, int limit, CancellationToken cancellation) =>
        _scan.ScanAsync(owner, month, after, limit, cancellation);

    public ValueTask<IReadOnlyList<MonthCount>> CountMonthsAsync(ReadOnlyMemory<byte> owner, CancellationToken cancellation) =>
        _scan.CountMonthsAsync(owner, cancellation);

    private async ValueTask<IReadOnlyDictionary<string, long>> ReservedAsync(ReadOnlyMemory<byte> owner, ReadOnlyMemory<byte> key, CancellationToken cancellation)
    {
        var held = new Dictionary<string, long>(StringComparer.Ordinal);
        await foreach ((byte[] _, StoredGrain grain) in _store.WalkAsync(GrainId.PrefixOf(GrainId.ReservationRecord, owner.Span, key.Span), cancellation).ConfigureAwait(false))
        {
            LocalUsage.AddHeld(ReservationState.Decode(grain.State.Span), held);
        }
        return held;
    }

    private async ValueTask<IReadOnlyDictionary<string, long>> UnsettledAsync(ReadOnlyMemory<byte> owner, ReadOnlyMemory<byte> key, MonthLabel month, KeyUsageState state, CancellationToken cancellation)
    {
        var unsettled = new Dictionary<string, long>(StringComparer.Ordinal);
        await foreach ((byte[] bookId, LeaseEntry lease) in LeaseSweep.ScanAsync(_store, GrainId.PrefixOf(GrainId.LeaseRecord, owner.Span, key.Span), cancellation).ConfigureAwait(false))
        {
            bool isOfMonth = state.Month is { } record ? lease.GrantedAt.WallMs >= record.StartMs && lease.GrantedAt.WallMs < record.EndMs : BillingModel.Utc.MonthAt(lease.GrantedAt.WallMs) == month;
            if (!isOfMonth || LeaseBook.BlockIdOf(bookId)[0] != GrainId.KeyBlock)
            {
                continue;
            }
            foreach ((string unit, long units) in LostUsage.Units(lease))
            {
                unsettled[unit] = unsettled.GetValueOrDefault(unit) + units;
            }
        }
        return unsettled;
    }

    /// <summary>On a bench nothing waits; what is missing ends the step, and it is run again.</summary>
    private static TValue? TryNow<TValue>(Func<ValueTask<TValue>> step)
    {
        try
        {
            return Workbench.Now(step());
        }
        catch (StoreException)
        {
            // Only a block that is not here yet; the runner brings it.
            return default;
        }
    }
}
