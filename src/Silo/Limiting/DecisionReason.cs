namespace Quota.Silo.Limiting;

/// <summary>Why a check was allowed or refused. The values are those of <c>quota.v1.Reason</c>.</summary>
public enum DecisionReason
{
    None = 0,
    WithinLimits = 1,
    LimitExceeded = 2,
    UnknownKey = 3,
    FailurePolicy = 4,

    /// <summary>The key or one above it is disabled.</summary>
    KeyDisabled = 5,
}
