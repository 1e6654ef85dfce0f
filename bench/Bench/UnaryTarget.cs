using Quota.Bench.Load;
using Quota.Bench.Servers;

namespace Quota.Bench;

/// <summary>One of the things compared in the unary part.</summary>
/// <param name="Name">As in the table.</param>
/// <param name="Server">Whose processor time counts.</param>
/// <param name="Run">Loads it.</param>
/// <param name="Budget">Least share of the empty handler's throughput, if there is a budget.</param>
internal sealed record UnaryTarget(string Name, ServerProcess Server, Func<LoadShape, TimeSpan, LoadResult> Run, double? Budget = null);
