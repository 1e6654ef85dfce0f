using Quota.Grains;

namespace Quota.Silo.Limiting;

/// <summary>
/// One check as every protocol hands it down: UTF-8 that stays in the protocol's own buffer. The protocol has decoded it and
/// made sure that it is UTF-8; <see cref="ILimiter"/> checks the bounds.
/// </summary>
public readonly ref struct CheckRequest
{
    public required ReadOnlySpan<byte> Namespace { get; init; }

    public required ReadOnlySpan<byte> Key { get; init; }

    /// <summary>Requests; 0 peeks. The protocol supplies the default of 1.</summary>
    public required long Cost { get; init; }

    /// <summary>Costs in other units.</summary>
    public NamedCosts Named { get; init; }

    /// <summary>Answer what the check would be answered, and count nothing.</summary>
    public bool IsPeek { get; init; }

    public AttributeSet Attributes { get; init; }

    /// <summary>Plan the request names, or empty.</summary>
    public ReadOnlySpan<byte> Plan { get; init; }

    /// <summary>Request id, or empty.</summary>
    public ReadOnlySpan<byte> RequestId { get; init; }
}
