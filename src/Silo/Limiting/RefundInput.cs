namespace Quota.Silo.Limiting;

/// <summary>Units to give back.</summary>
public sealed record RefundInput(string Namespace, string Key)
{
    /// <summary>By unit, requests included.</summary>
    public required IReadOnlyDictionary<string, long> Costs { get; init; }

    public IReadOnlyDictionary<string, string> Attributes { get; init; } = new Dictionary<string, string>();

    /// <summary>The caller's id, or empty.</summary>
    public string RequestId { get; init; } = "";

    /// <summary>The plan the refunded check named, or empty.</summary>
    public string Plan { get; init; } = "";

    /// <summary>When the refunded check was decided; 0 means now.</summary>
    public long DecidedAtMs { get; init; }

    /// <summary>Why.</summary>
    public string Reason { get; init; } = "";
}
