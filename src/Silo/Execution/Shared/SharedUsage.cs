using Quota.Grains.Model;
using Quota.Grains.Usage;
using Quota.Silo.Execution.Local;
using Quota.Silo.Execution.Shared.Leases;
using Quota.Silo.Store;
using Quota.Silo.Time;
using Quota.Silo.Usage;

namespace Quota.Silo.Execution.Shared;

/// <summary>
/// What keys used, in the shared store. A key is read, adjusted and sealed by a step of its own, which is consistent; a scan reads the
/// store by pages (<see cref="SharedUsageScan"/>).
/// <para>Safe for concurrent use: it has no state of its own.</para>
/// </summary>
internal sealed class SharedUsage : IUsageLedger
{
    private readonly StepRunner _steps;
    private readonly IGrainStore _store;
    private readonly IClock _clock;
    private readonly LeaseSettler? _settler;
    private readonly SharedUsageScan _scan;

    public SharedUsage(StepRunner steps, IGrainStore store, BatchRunner runner, LayoutRegistry layouts, IClock clock, LeaseSettler? settler)
    {
        _settler = settler;
        _steps = steps;
        _store = store;
        _clock = clock;
        _scan = new SharedUsageScan(store, layouts, runner.LoadLayoutsAsync, ReadAsync);
    }

    public async ValueTask<KeyUsageState> ReadAsync(ReadOnlyMemory<byte> owner, ReadOnlyMemory<byte> key, MonthLabel month, CancellationToken cancellation)
    {
        byte[] keyId = GrainId.OfKey(owner.Span, key.Span);
        if (_settler is not null)
        {
            await _settler.SettleAsync(keyId).ConfigureAwait(false);
        }
        // Before the counts, so that what is settled meanwhile is not in neither.
        UnsettledLeases leases = await UnsettledLeases.OfKeyAsync(_store, owner, key, cancellation).ConfigureAwait(false);
        (KeyUsageState? state, string? fault) = await _steps.RunAsync<(KeyUsageState?, string?)>(
            [keyId],
            bench => (TryNow(() => bench.Usage.ReadAsync(owner, key, month, cancellation)), null),
            fault => (null, fault.Message)).ConfigureAwait(false);
        if (state is null)
        {
            throw new StoreException(fault ?? "the key cannot be read");
        }
        return new KeyUsageState
        {
            KeyUtf8 = state.KeyUtf8,
            Month = state.Month,
            Day = state.Day,
            Reserved = await SharedUsageScan.ReservedAsync(_store, owner, key, cancellation).ConfigureAwait(false),
            Unsettled = leases.Units(keyId, month, state.Month),
        };
    }

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
        MonthCounts.ReadAsync(_store, owner, cancellation);

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
