namespace Quota.Silo.Import.Envoy;

/// <summary>One entry of a descriptor list with everything below it.</summary>
internal sealed class EnvoyDescriptor(SourceObject source, string key, string value)
{
    /// <summary>The object, for remarks.</summary>
    public SourceObject Source { get; } = source;

    public string Key { get; } = key;

    /// <summary>Empty: every value, each counted by itself.</summary>
    public string Value { get; } = value;

    public EnvoyRateLimit? Limit { get; init; }

    public bool Shadow { get; init; }

    /// <summary>All values that match a wildcard count together.</summary>
    public bool ShareThreshold { get; init; }

    public List<EnvoyDescriptor> Children { get; } = [];

    public bool IsWildcard => Value.Contains('*', StringComparison.Ordinal);

    /// <summary>What a wildcard value begins with.</summary>
    public string Prefix => Value[..Value.IndexOf('*', StringComparison.Ordinal)];

    /// <summary>As a part of a limit's name.</summary>
    public string Text => Value.Length == 0 ? Key : $"{Key}={Value}";

    public int Line => Source.Node.Line;

    /// <summary>Whether it can refuse a request by itself.</summary>
    public bool Enforces => Limit is { Unlimited: false } && !Shadow;
}
