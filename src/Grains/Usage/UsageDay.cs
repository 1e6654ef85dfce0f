namespace Quota.Grains.Usage;

/// <summary>
/// What a key used since the beginning of one of its days: the neutral form between the usage section of a key's block, the month
/// it is moved to, and what reads both. Not thread-safe.
/// </summary>
public sealed class UsageDay
{
    /// <summary>Start of the day (inclusive), ms since the Unix epoch.</summary>
    public required long StartMs { get; init; }

    /// <summary>End of the day (exclusive), ms since the Unix epoch.</summary>
    public required long EndMs { get; init; }

    /// <summary>The day's local date, in days since 1970-01-01 (<see cref="Model.BillingModel.DayAt"/>).</summary>
    public required int Day { get; init; }

    /// <summary>The month the day belongs to (<see cref="UsageCalendar.MonthOf"/>).</summary>
    public required MonthLabel Month { get; init; }

    /// <summary>Rows with distinct units.</summary>
    public List<UnitCounts> Units { get; } = [];

    /// <summary>Rows with distinct pairs of limit and unit.</summary>
    public List<LimitCounts> Limits { get; } = [];
}
