using Quota.Contracts.V1;
using Quota.Grains.Usage;
using Quota.Silo.Catalog;

namespace Quota.Silo.Protocols.Usage;

/// <summary>Adds up one key's days across months. Not thread-safe.</summary>
/// <param name="from">First day, in days since 1970-01-01.</param>
/// <param name="to">The day after the last.</param>
internal sealed class UsageRange(int from, int to)
{
    private readonly SortedDictionary<(int Day, string Unit), DayCounts> _days = new(DayOrder.Instance);
    private MonthState _state = MonthState.Sealed;

    /// <summary>Whether no month had a day of the range.</summary>
    public bool IsEmpty => _days.Count == 0;

    /// <summary>Adds the days of a month that lie in the range.</summary>
    public void Add(UsageMonth? month, long graceMs, long nowMs)
    {
        if (month is null)
        {
            return;
        }
        foreach (DayCounts row in month.Days)
        {
            if (row.Day >= from && row.Day < to)
            {
                DayCounts sum = _days.GetValueOrDefault((row.Day, row.Unit), row with { Used = 0, Refunded = 0 });
                _days[(row.Day, row.Unit)] = sum with { Used = UsageSum.Of(sum.Used, row.Used), Refunded = UsageSum.Of(sum.Refunded, row.Refunded) };
                Lower(KeyUsageBuilder.State(month.IsSealed, month.EndMs, graceMs, nowMs));
            }
        }
    }

    /// <summary>The sum, and the days if wanted.</summary>
    public KeyUsage Build(NamespaceModel home, in KeyFacts facts, string key, long startMs, long endMs, long nowMs, bool daily)
    {
        // A range that reaches into the running month is running, whether or not anything was counted there yet.
        Lower(KeyUsageBuilder.State(false, facts.Billing.PeriodOf(facts.Billing.MonthAt(endMs - 1)).EndMs, home.SealGraceMs, nowMs));
        var usage = new KeyUsage
        {
            Namespace = home.Name,
            Key = key,
            StartUnixMs = startMs,
            EndUnixMs = endMs,
            TimeZone = facts.Billing.ZoneId,
            State = _state,
            AsOfUnixMs = nowMs,
        };
        KeyUsageBuilder.AddFacts(usage, facts);
        foreach (IGrouping<string, DayCounts> unit in _days.Values.GroupBy(d => d.Unit, StringComparer.Ordinal).OrderBy(g => g.Key, StringComparer.Ordinal))
        {
            long used = unit.Aggregate(0L, (sum, d) => UsageSum.Of(sum, d.Used));
            long refunded = unit.Aggregate(0L, (sum, d) => UsageSum.Of(sum, d.Refunded));
            usage.Units.Add(new UnitUsage { Unit = unit.Key, Used = used, Refunded = refunded, Billable = used - refunded });
        }
        if (daily)
        {
            KeyUsageBuilder.AddDays(usage, _days.Values);
        }
        return usage;
    }

    private void Lower(MonthState state) => _state = (MonthState)Math.Min((int)_state, (int)state);

    private sealed class DayOrder : IComparer<(int Day, string Unit)>
    {
        public static readonly DayOrder Instance = new();

        public int Compare((int Day, string Unit) x, (int Day, string Unit) y) =>
            x.Day != y.Day ? x.Day.CompareTo(y.Day) : string.CompareOrdinal(x.Unit, y.Unit);
    }
}
