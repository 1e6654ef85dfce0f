namespace Quota.Silo.Limiting;

/// <summary>What a refund gave back.</summary>
/// <param name="Costs">By unit, what was given back to the usage.</param>
/// <param name="IsAdjustment">The month was sealed; the refund stands beside it.</param>
/// <param name="Month">The month, as 2026-10; empty if usage is not kept.</param>
/// <param name="IsRepeat">The first answer, given again.</param>
/// <param name="Limits">The limits after the refund; empty for a repeat.</param>
/// <param name="At">The instant of the refund, for the limits' resets.</param>
public sealed record Refunded(IReadOnlyDictionary<string, long> Costs, bool IsAdjustment, string Month, bool IsRepeat, IReadOnlyList<LimitLevel> Limits, Grains.Instant At);
