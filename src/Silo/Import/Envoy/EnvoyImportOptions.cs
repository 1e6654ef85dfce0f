namespace Quota.Silo.Import.Envoy;

/// <summary>How a configuration of envoyproxy/ratelimit is translated.</summary>
internal sealed record EnvoyImportOptions
{
    /// <summary>Keep fixed windows, months of 30 days and years of 365.</summary>
    public bool Exact { get; init; }

    /// <summary>Every limit counts and reports, and refuses nothing.</summary>
    public bool Shadow { get; init; }

    /// <summary>Take the value of the first entry as the check's key where every first entry has the same key; otherwise the domain's name.</summary>
    public bool KeyFromValue { get; init; } = true;
}
