namespace Quota.Silo.Limiting;

/// <summary>Whether there is a decision, or why there is none.</summary>
public enum DecisionStatus
{
    /// <summary>Not completed yet.</summary>
    Pending,

    /// <summary>Decided: see <see cref="Decision.Allowed"/>.</summary>
    Decided,

    /// <summary>A field of the request is out of bounds: see <see cref="Decision.ErrorField"/>.</summary>
    InvalidArgument,

    /// <summary>The request names a namespace or plan that does not exist.</summary>
    NotFound,

    /// <summary>What was asked for does not fit the state of things: a reservation that has ended otherwise.</summary>
    FailedPrecondition,

    /// <summary>This silo has no room for the work now.</summary>
    Overloaded,

    /// <summary>The decision cannot be kept safe.</summary>
    Unavailable,
}
