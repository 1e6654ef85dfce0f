namespace Quota.Silo.Limiting;

/// <summary>
/// What can be done to a key besides checking it. Every operation checks the bounds of its input, completes when its effect is as
/// safe as the namespace asks, and never throws for bad input or operational faults: they are in the outcome. Safe for concurrent use.
/// </summary>
public interface IGrainOperations
{
    /// <summary>Replaces what a reservation holds by the true cost and ends it.</summary>
    ValueTask<Outcome<Settlement>> SettleAsync(SettleInput input);

    /// <summary>Gives back everything a reservation holds and ends it.</summary>
    ValueTask<Outcome<Cancellation>> CancelAsync(ReservationInput input);

    /// <summary>Gives a reservation a new time to live, and holds more if asked to; a decision like a check's.</summary>
    ValueTask<Outcome<Extension>> ExtendAsync(ExtendInput input);

    /// <summary>Gives counted units back.</summary>
    ValueTask<Outcome<Refunded>> RefundAsync(RefundInput input);

    /// <summary>What a check would be answered, and why; counts nothing. The request's buffers are free again when this returns; the decision is read once it completes.</summary>
    ValueTask<Outcome<Explanation>> ExplainAsync(in CheckRequest request, Decision decision);
}
