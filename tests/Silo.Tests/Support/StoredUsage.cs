using System.Text;
using Quota.Contracts;
using Quota.Grains.Model;
using Quota.Grains.Usage;
using Quota.Silo.Execution;
using Quota.Silo.Store;
using Quota.Silo.Usage;

namespace Quota.Silo.Tests.Support;

/// <summary>
/// A ledger whose months and running days lie in a real store and are scanned by the real scan; a running day is kept in the key's
/// block as a month of its own. A test can keep keys in memory besides, with other contents than the store's.
/// </summary>
internal sealed class StoredUsage : IUsageLedger, IUsageMemory
{
    private readonly IGrainStore _store;
    private readonly UsageScan _scan;

    public StoredUsage(IGrainStore store)
    {
        _store = store;
        _scan = new UsageScan(store, this, ReadDay);
    }

    /// <summary>Keys in memory, by name: what a consistent reading of them gives.</summary>
    public Dictionary<string, (UsageMonth? Month, UsageDay? Day)> Resident { get; } = [];

    public Dictionary<string, Dictionary<string, long>> Held { get; } = [];

    /// <summary>What the next checkpoint answers.</summary>
    public long? AsOfMs { get; set; } = 1;

    public bool AdjustmentsFail { get; set; }

    /// <summary>Runs whenever the scan asks memory about a key.</summary>
    public Action<string>? OnAsked { get; set; }

    public int Reads { get; private set; }

    public long Departures { get; set; }

    public Task SaveMonthAsync(string owner, string key, MonthLabel label, UsageMonth month) => SaveRecordAsync(owner, key, label, UsageMonthCodec.Encode(month));

    /// <summary>Any bytes as the record of a month.</summary>
    public async Task SaveRecordAsync(string owner, string key, MonthLabel label, byte[] state)
    {
        byte[] id = new byte[Bounds.GrainIdBytesMax];
        int n = GrainId.WriteMonth(id, Encoding.UTF8.GetBytes(owner), label, Encoding.UTF8.GetBytes(key));
        await SaveAsync(id[..n], state);
    }

    public async Task SaveDayAsync(string owner, string key, UsageDay day)
    {
        var carrier = new UsageMonth(day.StartMs, day.EndMs, day.Month.ToString());
        carrier.Add(day);
        await SaveBlockAsync(owner, key, UsageMonthCodec.Encode(carrier));
    }

    /// <summary>A key's block without a usage section.</summary>
    public async Task SaveBlockAsync(string owner, string key, byte[] state)
    {
        byte[] id = new byte[Bounds.GrainIdBytesMax];
        int n = GrainId.WriteKey(id, Encoding.UTF8.GetBytes(owner), Encoding.UTF8.GetBytes(key));
        await SaveAsync(id[..n], state);
    }

    public async ValueTask<KeyUsageState> ReadAsync(ReadOnlyMemory<byte> owner, ReadOnlyMemory<byte> key, MonthLabel month, CancellationToken cancellation)
    {
        Reads++;
        if (Find(key, month) is { } resident)
        {
            return resident;
        }
        byte[] id = new byte[Bounds.GrainIdBytesMax];
        StoredGrain? record = await _store.LoadAsync(id.AsMemory(0, GrainId.WriteMonth(id, owner.Span, month, key.Span)), cancellation);
        UsageMonth? stored = null;
        Assert.True(record is null || UsageMonthCodec.TryDecode(record.Value.State.Span, out stored));
        StoredGrain? block = await _store.LoadAsync(id.AsMemory(0, GrainId.WriteKey(id, owner.Span, key.Span)), cancellation);
        UsageDay? day = block is { } b ? ReadDay(key, b) : null;
        return new KeyUsageState { KeyUtf8 = key.ToArray(), Month = stored, Day = day?.Month == month ? day : null, Reserved = Reserved(owner.Span, key.Span) };
    }

    public ValueTask<KeyUsageState?> TryReadAsync(ReadOnlyMemory<byte> owner, ReadOnlyMemory<byte> key, MonthLabel month, CancellationToken cancellation)
    {
        OnAsked?.Invoke(Encoding.UTF8.GetString(key.Span));
        return new(Find(key, month));
    }

    public async ValueTask<AdjustResult> AdjustAsync(ReadOnlyMemory<byte> owner, ReadOnlyMemory<byte> key, MonthLabel month, BillingModel billing, UsageAdjustment adjustment, CancellationToken cancellation)
    {
        if (AdjustmentsFail)
        {
            return new AdjustResult(default, null, "the journal is full");
        }
        KeyUsageState state = await ReadAsync(owner, key, month, cancellation);
        UsageMonth record = state.Month ?? new UsageMonth(billing.PeriodOf(month).StartMs, billing.PeriodOf(month).EndMs, billing.ZoneId);
        AdjustOutcome outcome = record.Adjust(adjustment);
        await SaveMonthAsync(Encoding.UTF8.GetString(owner.Span), Encoding.UTF8.GetString(key.Span), month, record);
        return new AdjustResult(outcome, await ReadAsync(owner, key, month, cancellation));
    }

    public async ValueTask<bool> SealAsync(ReadOnlyMemory<byte> owner, ReadOnlyMemory<byte> key, MonthLabel month, CancellationToken cancellation)
    {
        KeyUsageState state = await ReadAsync(owner, key, month, cancellation);
        if (state.Total(BillingModel.Utc) is { } record)
        {
            record.Seal(record.EndMs + 1);
            await SaveMonthAsync(Encoding.UTF8.GetString(owner.Span), Encoding.UTF8.GetString(key.Span), month, record);
            if (state.Day is not null)
            {
                await SaveBlockAsync(Encoding.UTF8.GetString(owner.Span), Encoding.UTF8.GetString(key.Span), []);
            }
        }
        return true;
    }

    public ValueTask<long?> CheckpointAsync(CancellationToken cancellation) => new(AsOfMs);

    public ValueTask<UsagePage> ScanAsync(ReadOnlyMemory<byte> owner, MonthLabel month, byte[]? after, int limit, CancellationToken cancellation) =>
        _scan.ScanAsync(owner, month, after, limit, cancellation);

    public ValueTask<IReadOnlyList<MonthCount>> CountMonthsAsync(ReadOnlyMemory<byte> owner, CancellationToken cancellation) => MonthCounts.ReadAsync(_store, owner, cancellation);

    public IReadOnlyDictionary<string, long> Reserved(ReadOnlySpan<byte> owner, ReadOnlySpan<byte> key) => Held.GetValueOrDefault(Encoding.UTF8.GetString(key)) ?? [];

    private KeyUsageState? Find(ReadOnlyMemory<byte> key, MonthLabel month) =>
        Resident.TryGetValue(Encoding.UTF8.GetString(key.Span), out (UsageMonth? Month, UsageDay? Day) found)
            ? new KeyUsageState { KeyUtf8 = key.ToArray(), Month = found.Month, Day = found.Day?.Month == month ? found.Day : null }
            : null;

    private static UsageDay? ReadDay(ReadOnlyMemory<byte> key, StoredGrain grain)
    {
        if (!UsageMonthCodec.TryDecode(grain.State.Span, out UsageMonth? carrier) || !MonthLabel.TryParse(carrier.ZoneId, out MonthLabel label))
        {
            return null;
        }
        var day = new UsageDay { StartMs = carrier.StartMs, EndMs = carrier.EndMs, Day = carrier.Days.Count > 0 ? carrier.Days[0].Day : 0, Month = label };
        day.Units.AddRange(carrier.Units);
        day.Limits.AddRange(carrier.Limits);
        return day;
    }

    private async Task SaveAsync(byte[] id, byte[] state) =>
        await _store.SaveAsync([new GrainSave(id, GrainSave.AnyVersion, new StoredGrain(0, 0, long.MaxValue, state))], new bool[1], default);
}
