using Quota.Grains;

namespace Quota.Silo.Limiting;

/// <summary>
/// The narrow waist: nothing above it knows limits, nothing below it knows protocols. Deciding is two steps, so that a batch
/// begins all of its checks before it waits once: <see cref="Begin"/> each, then <see cref="CompleteAsync"/> each.
/// </summary>
public interface ILimiter
{
    /// <summary>The instant to decide at; a batch reads it once.</summary>
    Instant Now();

    /// <summary>
    /// Checks the request's bounds, decides and counts. Never waits and never throws for bad input. The request's buffers are
    /// free again when this returns. <paramref name="decision"/> must not be read before it is completed.
    /// </summary>
    void Begin(in CheckRequest request, in Instant now, Decision decision);

    /// <summary>The same, and holds the units instead of using them: they are settled, cancelled, or expire.</summary>
    void Reserve(in CheckRequest request, in ReservationTerms terms, in Instant now, Decision decision);

    /// <summary>
    /// Completes when the answer may leave: an accepted decision is as safe as its namespace's sync mode asks. Completing the
    /// last decision of a batch first makes the others complete at once. Never throws for operational faults; they are in
    /// <see cref="Decision.Status"/>.
    /// </summary>
    ValueTask CompleteAsync(Decision decision);
}
