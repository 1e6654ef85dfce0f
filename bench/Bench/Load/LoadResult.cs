namespace Quota.Bench.Load;

/// <summary>One run of a load generator against one server.</summary>
/// <param name="PerSecond">Answers per second.</param>
/// <param name="P50Us">Median latency in microseconds, client included.</param>
/// <param name="P99Us">The 99th percentile.</param>
/// <param name="P999Us">The 99.9th percentile; not a number where the generator does not tell.</param>
/// <param name="ProcessorUs">Processor time of the server per answer, in microseconds.</param>
internal sealed record LoadResult(double PerSecond, double P50Us, double P99Us, double P999Us, double ProcessorUs);
