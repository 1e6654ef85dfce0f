namespace Quota.Silo.Limiting;

/// <summary>Why a check would be answered as it would be.</summary>
/// <param name="Levels">The key, its parents, the namespace.</param>
public sealed record Explanation(IReadOnlyList<ExplainedLevel> Levels);
