namespace Quota.Grains;

/// <summary>What one limit said to one check.</summary>
public struct LimitResult
{
    /// <summary><see cref="RetryAfterMs"/> of a cost that no amount of waiting makes room for.</summary>
    public const long Never = -1;

    /// <summary>Position of the limit in its plan.</summary>
    public int LimitIndex;

    /// <summary>The level the limit belongs to: 0 for the key, 1 for its parent, and so on.</summary>
    public byte Level;

    /// <summary>The limit had no room for the cost.</summary>
    public bool Exceeded;

    /// <summary>The amount in force at the decision: of a quota that rolls over, with what it has from the last period.</summary>
    public long Amount;

    /// <summary>Units left after the decision, at least 0.</summary>
    public long Remaining;

    /// <summary>Milliseconds, rounded up, until the limit has its whole amount again.</summary>
    public long ResetAfterMs;

    /// <summary>If <see cref="Exceeded"/>: milliseconds, rounded up, until there is room for the cost, or <see cref="Never"/>. Otherwise 0.</summary>
    public long RetryAfterMs;
}
