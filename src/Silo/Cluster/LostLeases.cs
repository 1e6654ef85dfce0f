namespace Quota.Silo.Cluster;

/// <summary>What becomes of the permits of a lease whose silo did not come back in time to say what it spent.</summary>
public enum LostLeases
{
    /// <summary>They stay counted against the limit, are shown as unsettled and are not billed until the silo's journal says what was spent.</summary>
    Keep,

    /// <summary>They count as used, and are billed.</summary>
    Spend,

    /// <summary>They are given back, and not billed: a limit may then have admitted up to these permits more than its amount.</summary>
    Release,
}
