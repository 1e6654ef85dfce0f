namespace Quota.Grains.Usage;

/// <summary>What a refusal is noted as.</summary>
public enum RefusalColumn
{
    /// <summary>It was refused.</summary>
    Denied,

    /// <summary>A limit in shadow mode would have refused it.</summary>
    WouldDeny,
}
