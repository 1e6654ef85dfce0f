using Quota.Grains.Model;

namespace Quota.Silo.Limiting;

/// <summary>One level of an explanation.</summary>
/// <param name="Key">The key; empty for the namespace.</param>
/// <param name="Plan">The plan in force.</param>
/// <param name="Limits">Every limit of the plan, in its order.</param>
public sealed record ExplainedLevel(string Key, PlanModel Plan, IReadOnlyList<ExplainedLimit> Limits);
