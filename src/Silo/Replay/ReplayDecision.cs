namespace Quota.Silo.Replay;

/// <summary>What became of one line.</summary>
/// <param name="Outcome">Whether it was decided.</param>
/// <param name="Allowed">If decided: whether it was allowed.</param>
/// <param name="DecidingLimit">If refused: the index of the limit that refused it, otherwise -1.</param>
/// <param name="ApplicableMask">The limits that apply to it: bit i for limit i.</param>
/// <param name="CountMask">The limits that counted it: bit i for limit i.</param>
/// <param name="ExceededMask">The limits that had no room for it, shadow limits included.</param>
/// <param name="AtMs">The instant it was decided at: its own time, or the latest of its key if that is later.</param>
/// <param name="RetryAfterMs">If refused: when there is room again, or <see cref="Grains.LimitResult.Never"/>.</param>
public readonly record struct ReplayDecision(
    ReplayOutcome Outcome, bool Allowed, int DecidingLimit, uint ApplicableMask, uint CountMask, uint ExceededMask, long AtMs, long RetryAfterMs);
