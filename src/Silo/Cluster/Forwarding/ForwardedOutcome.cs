namespace Quota.Silo.Cluster.Forwarding;

/// <summary>What became of a forwarded check. On the wire: APPEND-ONLY.</summary>
internal enum ForwardedOutcome : byte
{
    /// <summary>Decided, or refused as a request: the answer follows.</summary>
    Answered = 0,

    /// <summary>The silo does not own the partition (any more); it has done nothing.</summary>
    NotOwner = 1,

    /// <summary>The silo has no room for the work; it has done nothing.</summary>
    Busy = 2,

    /// <summary>The silo cannot read the check; it has done nothing.</summary>
    Unreadable = 3,
}
