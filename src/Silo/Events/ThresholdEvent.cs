namespace Quota.Silo.Events;

/// <summary>
/// A quota has reached a configured share of its amount: what was true at that moment. Immutable. How it is kept:
/// <see cref="ThresholdEventRecord"/>.
/// </summary>
public sealed record ThresholdEvent
{
    public required string Namespace { get; init; }

    /// <summary>The key whose quota it is: the request's own, or one above it. Empty for the namespace as a whole.</summary>
    public required string Key { get; init; }

    /// <summary>The plan that was in force.</summary>
    public required string Plan { get; init; }

    public required string Limit { get; init; }

    /// <summary>What the limit counts.</summary>
    public required string Unit { get; init; }

    /// <summary>The values the counter belongs to, by name, in the order of the limit; empty if the limit has one counter per key.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Attributes { get; init; } = [];

    /// <summary>The share that was reached, in percent of <see cref="Amount"/>.</summary>
    public required int ThresholdPercent { get; init; }

    /// <summary>Units the limit admits in the period.</summary>
    public required long Amount { get; init; }

    /// <summary>Units used in the period, with what reached the threshold.</summary>
    public required long Used { get; init; }

    /// <summary>Start of the period, in ms since 1970-01-01T00:00:00Z; included.</summary>
    public required long PeriodStartMs { get; init; }

    /// <summary>End of the period, in ms since 1970-01-01T00:00:00Z; excluded.</summary>
    public required long PeriodEndMs { get; init; }

    /// <summary>When the threshold was reached, by the wall clock in ms since 1970-01-01T00:00:00Z.</summary>
    public required long AtMs { get; init; }

    /// <summary>The id of this crossing; computed at each use.</summary>
    public EventId Id => EventId.Of(this);
}
