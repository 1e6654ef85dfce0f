namespace Quota.Silo.Limiting;

/// <summary>What a settlement came to.</summary>
/// <param name="IsSettled">False: a limit whose over-run policy is to refuse has no room; nothing changed.</param>
/// <param name="Limit">The limit that refused; empty if none did.</param>
/// <param name="LimitKey">The parent whose limit it is; empty if it is the key's own.</param>
/// <param name="Costs">What was settled, by unit.</param>
/// <param name="IsRepeat">The first answer, given again.</param>
/// <param name="Limits">The limits after the settlement; empty for a repeat.</param>
/// <param name="At">The instant of the settlement, for the limits' resets.</param>
public sealed record Settlement(bool IsSettled, string Limit, string LimitKey, IReadOnlyDictionary<string, long> Costs, bool IsRepeat, IReadOnlyList<LimitLevel> Limits, Grains.Instant At);
