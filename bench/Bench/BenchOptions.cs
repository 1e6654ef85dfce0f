namespace Quota.Bench;

/// <summary>What the benchmark is asked to do.</summary>
/// <param name="Quick">Fewer and smaller cases.</param>
/// <param name="Parts">Parts to run; empty for all.</param>
/// <param name="JsonPath">Where the JSON goes.</param>
internal sealed record BenchOptions(bool Quick, IReadOnlyList<string> Parts, string JsonPath);
