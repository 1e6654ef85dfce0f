using System.Text;
using Quota.Contracts;
using Quota.Grains.Calendar;

namespace Quota.Grains.Model;

/// <summary>
/// One rule of a plan: at most <see cref="Capacity"/> units per window or period. Immutable; the catalog validates user input
/// before it builds one, so a violated bound here is a bug.
/// </summary>
public sealed class LimitModel
{
    private readonly QuotaTerms? _terms;

    private LimitModel(string name, CounterShape shape, long capacity, LimitMode mode, IReadOnlyList<AttributeMatch>? match, IReadOnlyList<string>? per, OverrunPolicy overrun = OverrunPolicy.Count, QuotaTerms? terms = null)
    {
        Invariant.Check(Encoding.UTF8.GetByteCount(name) is >= 1 and <= Bounds.NameBytesMax);
        Invariant.Check(capacity is >= 0 and <= Bounds.AmountMax);
        Name = name;
        NameUtf8 = Encoding.UTF8.GetBytes(name);
        UnitUtf8 = Encoding.UTF8.GetBytes(shape.Unit);
        Shape = shape;
        Capacity = capacity;
        Mode = mode;
        Match = match is null ? [] : [.. match];
        Per = per is null ? [] : [.. per];
        PerUtf8 = [.. Per.Select(Encoding.UTF8.GetBytes)];
        Overrun = overrun;
        Thresholds = terms is null ? [] : [.. terms.Thresholds];
        Invariant.Check(Thresholds.Length <= Bounds.ThresholdsMax);
        for (int i = 0; i < Thresholds.Length; i++)
        {
            Invariant.Check(Thresholds[i] > (i == 0 ? 0 : Thresholds[i - 1]) && Thresholds[i] <= Bounds.ThresholdPercentMax);
        }
        InheritsZone = terms is { InheritsZone: true };
        InheritsAnchorDay = terms is { InheritsAnchorDay: true };
        Invariant.Check(!InheritsAnchorDay || shape.Calendar is { Unit: CalendarUnit.Month });
        _terms = terms;
    }

    /// <summary>Unique within the plan; a counter belongs to the limit of this name.</summary>
    public string Name { get; }

    /// <summary><see cref="Name"/> in UTF-8.</summary>
    public byte[] NameUtf8 { get; }

    /// <summary>What the counter's bytes depend on.</summary>
    public CounterShape Shape { get; }

    /// <summary>What the limit counts: <c>requests</c> or the name of another unit.</summary>
    public string Unit => Shape.Unit;

    /// <summary><see cref="Unit"/> in UTF-8.</summary>
    public byte[] UnitUtf8 { get; }

    /// <summary>
    /// The most units the limit admits per window or period; for a token bucket its burst, for a quota with roll-over its amount,
    /// to which <see cref="Counters.Counter.Capacity"/> adds what was carried over.
    /// </summary>
    public long Capacity { get; }

    public LimitMode Mode { get; }

    /// <summary>Conditions that must all hold for the limit to apply.</summary>
    public IReadOnlyList<AttributeMatch> Match { get; }

    /// <summary>Attributes whose values each have a counter of their own; empty for one counter per key.</summary>
    public IReadOnlyList<string> Per { get; }

    /// <summary><see cref="Per"/> in UTF-8.</summary>
    public byte[][] PerUtf8 { get; }

    /// <summary>What a settlement above its reservation does here.</summary>
    public OverrunPolicy Overrun { get; }

    /// <summary>Soft thresholds of a quota, in percent of what it admits in a period, ascending; at most 8.</summary>
    public int[] Thresholds { get; }

    /// <inheritdoc cref="QuotaTerms.InheritsZone"/>
    public bool InheritsZone { get; }

    /// <inheritdoc cref="QuotaTerms.InheritsAnchorDay"/>
    public bool InheritsAnchorDay { get; }

    /// <summary>A sliding window: at most <paramref name="amount"/> units in any window of <paramref name="periodNs"/>.</summary>
    public static LimitModel SlidingWindow(string name, long amount, long periodNs, int buckets = Bounds.BucketsDefault, LimitMode mode = LimitMode.Enforce, IReadOnlyList<AttributeMatch>? match = null, IReadOnlyList<string>? per = null, string unit = CounterShape.Requests, OverrunPolicy overrun = OverrunPolicy.Count) =>
        new(name, CounterShape.SlidingWindow(name, periodNs, buckets, unit), amount, mode, match, per, overrun);

    /// <summary>Two buckets, the earlier weighted by its overlap.</summary>
    public static LimitModel Weighted(string name, long amount, long periodNs, LimitMode mode = LimitMode.Enforce, IReadOnlyList<AttributeMatch>? match = null, IReadOnlyList<string>? per = null, string unit = CounterShape.Requests, OverrunPolicy overrun = OverrunPolicy.Count) =>
        new(name, CounterShape.Weighted(name, periodNs, unit), amount, mode, match, per, overrun);

    /// <summary>A window aligned to the epoch.</summary>
    public static LimitModel FixedWindow(string name, long amount, long periodNs, LimitMode mode = LimitMode.Enforce, IReadOnlyList<AttributeMatch>? match = null, IReadOnlyList<string>? per = null, string unit = CounterShape.Requests, OverrunPolicy overrun = OverrunPolicy.Count) =>
        new(name, CounterShape.FixedWindow(name, periodNs, unit), amount, mode, match, per, overrun);

    /// <summary>A bucket of <paramref name="burst"/> units, refilled with <paramref name="amount"/> units per <paramref name="periodNs"/>.</summary>
    public static LimitModel TokenBucket(string name, long amount, long periodNs, long burst, LimitMode mode = LimitMode.Enforce, IReadOnlyList<AttributeMatch>? match = null, IReadOnlyList<string>? per = null, string unit = CounterShape.Requests, OverrunPolicy overrun = OverrunPolicy.Count) =>
        new(name, CounterShape.TokenBucket(name, amount, periodNs, burst, unit), burst, mode, match, per, overrun);

    /// <summary>At most <paramref name="amount"/> units held at once.</summary>
    public static LimitModel Concurrency(string name, long amount, LimitMode mode = LimitMode.Enforce, IReadOnlyList<AttributeMatch>? match = null, IReadOnlyList<string>? per = null, string unit = CounterShape.Requests) =>
        new(name, CounterShape.Concurrency(name, unit), amount, mode, match, per);

    /// <summary>At most <paramref name="amount"/> units per calendar period, and what its terms add.</summary>
    public static LimitModel Quota(string name, long amount, CalendarRule calendar, LimitMode mode = LimitMode.Enforce, IReadOnlyList<AttributeMatch>? match = null, IReadOnlyList<string>? per = null, string unit = CounterShape.Requests, OverrunPolicy overrun = OverrunPolicy.Count, QuotaTerms? terms = null) =>
        new(name, ShapeOf(name, amount, calendar, unit, terms), amount, mode, match, per, overrun, terms);

    /// <summary>
    /// This limit as it counts for a key that is billed by <paramref name="billing"/>: the same one, or a copy whose calendar follows
    /// the key's zone and anchor day where the definition names none.
    /// </summary>
    public LimitModel ForBilling(BillingModel billing)
    {
        if (!InheritsZone && !InheritsAnchorDay)
        {
            return this;
        }
        CalendarRule own = Shape.Calendar!;
        string zone = InheritsZone ? billing.ZoneId : own.ZoneId;
        int anchorDay = InheritsAnchorDay ? billing.AnchorDay : own.AnchorDay;
        var calendar = new CalendarRule(own.Unit, zone, anchorDay, own.AnchorMonth);
        if (calendar.Equals(own))
        {
            return this;
        }
        // The billing calendar's own rules remember the running period for all limits that follow it.
        calendar = calendar.Equals(billing.Month) ? billing.Month : calendar.Equals(billing.Day) ? billing.Day : calendar;
        return new LimitModel(Name, ShapeOf(Name, Capacity, calendar, Unit, _terms), Capacity, Mode, Match, Per, Overrun, _terms);
    }

    /// <summary>This limit as a silo decides on it alone, from permits that were counted in advance. It raises no events.</summary>
    public LimitModel ForLease() => new(Name, CounterShape.Lease(Name, Unit), Capacity, Mode, Match, Per, Overrun);

    /// <summary>Whether this limit applies to a request with these attributes.</summary>
    public bool AppliesTo(in AttributeSet attributes)
    {
        foreach (AttributeMatch condition in Match)
        {
            if (!condition.Matches(attributes))
            {
                return false;
            }
        }
        return true;
    }

    private static CounterShape ShapeOf(string name, long amount, CalendarRule calendar, string unit, QuotaTerms? terms) =>
        terms is { RolloverMax: > 0 } or { InitialOffset: > 0 }
            ? CounterShape.ForCalendarCarry(name, calendar, amount, terms.RolloverMax, terms.InitialOffset, unit)
            : CounterShape.ForCalendar(name, calendar, unit);
}
