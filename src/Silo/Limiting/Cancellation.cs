namespace Quota.Silo.Limiting;

/// <summary>What a cancellation gave back.</summary>
/// <param name="Costs">By unit.</param>
/// <param name="IsRepeat">The first answer, given again.</param>
public sealed record Cancellation(IReadOnlyDictionary<string, long> Costs, bool IsRepeat);
