namespace Quota.Grains.Usage;

/// <summary>What became of an adjustment.</summary>
public enum AdjustOutcome
{
    /// <summary>It is beside the month now.</summary>
    Added,

    /// <summary>It was there already; nothing has changed.</summary>
    Repeat,

    /// <summary>Its id is there with another content; nothing has changed.</summary>
    Conflict,

    /// <summary>The month has no room for another adjustment or for its unit; nothing has changed.</summary>
    Full,
}
