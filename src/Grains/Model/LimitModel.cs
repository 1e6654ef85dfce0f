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
    private LimitModel(string name, CounterShape shape, long capacity, LimitMode mode, IReadOnlyList<AttributeMatch>? match, IReadOnlyList<string>? per)
    {
        Invariant.Check(Encoding.UTF8.GetByteCount(name) is >= 1 and <= Bounds.NameBytesMax);
        Invariant.Check(capacity is >= 0 and <= Bounds.AmountMax);
        Name = name;
        NameUtf8 = Encoding.UTF8.GetBytes(name);
        Shape = shape;
        Capacity = capacity;
        Mode = mode;
        Match = match is null ? [] : [.. match];
        Per = per is null ? [] : [.. per];
        PerUtf8 = [.. Per.Select(Encoding.UTF8.GetBytes)];
    }

    /// <summary>Unique within the plan; a counter belongs to the limit of this name.</summary>
    public string Name { get; }

    /// <summary><see cref="Name"/> in UTF-8.</summary>
    public byte[] NameUtf8 { get; }

    /// <summary>What the counter's bytes depend on.</summary>
    public CounterShape Shape { get; }

    /// <summary>The most units the limit admits per window or period; for a token bucket its burst.</summary>
    public long Capacity { get; }

    public LimitMode Mode { get; }

    /// <summary>Conditions that must all hold for the limit to apply.</summary>
    public IReadOnlyList<AttributeMatch> Match { get; }

    /// <summary>Attributes whose values each have a counter of their own; empty for one counter per key.</summary>
    public IReadOnlyList<string> Per { get; }

    /// <summary><see cref="Per"/> in UTF-8.</summary>
    public byte[][] PerUtf8 { get; }

    /// <summary>A sliding window: at most <paramref name="amount"/> units in any window of <paramref name="periodNs"/>.</summary>
    public static LimitModel SlidingWindow(string name, long amount, long periodNs, int buckets = Bounds.BucketsDefault, LimitMode mode = LimitMode.Enforce, IReadOnlyList<AttributeMatch>? match = null, IReadOnlyList<string>? per = null) =>
        new(name, CounterShape.SlidingWindow(name, periodNs, buckets), amount, mode, match, per);

    /// <summary>Two buckets, the earlier weighted by its overlap.</summary>
    public static LimitModel Weighted(string name, long amount, long periodNs, LimitMode mode = LimitMode.Enforce, IReadOnlyList<AttributeMatch>? match = null, IReadOnlyList<string>? per = null) =>
        new(name, CounterShape.Weighted(name, periodNs), amount, mode, match, per);

    /// <summary>A window aligned to the epoch.</summary>
    public static LimitModel FixedWindow(string name, long amount, long periodNs, LimitMode mode = LimitMode.Enforce, IReadOnlyList<AttributeMatch>? match = null, IReadOnlyList<string>? per = null) =>
        new(name, CounterShape.FixedWindow(name, periodNs), amount, mode, match, per);

    /// <summary>A bucket of <paramref name="burst"/> units, refilled with <paramref name="amount"/> units per <paramref name="periodNs"/>.</summary>
    public static LimitModel TokenBucket(string name, long amount, long periodNs, long burst, LimitMode mode = LimitMode.Enforce, IReadOnlyList<AttributeMatch>? match = null, IReadOnlyList<string>? per = null) =>
        new(name, CounterShape.TokenBucket(name, amount, periodNs, burst), burst, mode, match, per);

    /// <summary>At most <paramref name="amount"/> units per calendar period.</summary>
    public static LimitModel Quota(string name, long amount, CalendarRule calendar, LimitMode mode = LimitMode.Enforce, IReadOnlyList<AttributeMatch>? match = null, IReadOnlyList<string>? per = null) =>
        new(name, CounterShape.ForCalendar(name, calendar), amount, mode, match, per);

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
}
