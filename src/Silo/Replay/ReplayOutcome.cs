namespace Quota.Silo.Replay;

/// <summary>Whether a replayed line led to a decision.</summary>
public enum ReplayOutcome
{
    /// <summary>It was decided.</summary>
    Decided,

    /// <summary>The line has nothing in the place that the key is taken from.</summary>
    NoKey,

    /// <summary>There are more keys than a replay keeps.</summary>
    TooManyKeys,
}
