using Quota.Contracts;

namespace Quota.Grains.Model;

/// <summary>What a quota may have besides an amount and a calendar. The default has nothing of it.</summary>
public sealed record QuotaTerms
{
    /// <summary>A plain quota.</summary>
    public static readonly QuotaTerms None = new();

    /// <summary>Units that count as used in the first period in which the counter counts anything. 0 to <see cref="Bounds.AmountMax"/>.</summary>
    public long InitialOffset { get; init; }

    /// <summary>The most unused units of a period that are added to the next one's amount. 0 to <see cref="Bounds.AmountMax"/>.</summary>
    public long RolloverMax { get; init; }

    /// <summary>Shares of the amount in percent, ascending, 1 to <see cref="Bounds.ThresholdPercentMax"/>; at most <see cref="Bounds.ThresholdsMax"/>.</summary>
    public IReadOnlyList<int> Thresholds { get; init; } = [];

    /// <summary>The definition names no time zone: the calendar follows the zone the key is billed in.</summary>
    public bool InheritsZone { get; init; }

    /// <summary>The definition names no anchor day, and its period is a month: it begins when the key's billing month does.</summary>
    public bool InheritsAnchorDay { get; init; }
}
