using Quota.Bench.Servers;

namespace Quota.Bench;

/// <summary>What the benchmark is asked to do.</summary>
/// <param name="Quick">Fewer, smaller and shorter cases: for a change at hand, not for publishing.</param>
/// <param name="Parts">Parts to run; empty for all.</param>
/// <param name="JsonPath">Where the JSON goes.</param>
/// <param name="WithOrleans">The part <c>shared</c> measures an Orleans cluster as well.</param>
internal sealed record BenchOptions(bool Quick, IReadOnlyList<string> Parts, string JsonPath, bool WithOrleans = false)
{
    public const string Usage = "usage: bench [--quick] [--part name]... [--json path] [--executor shared|orleans]";

    /// <summary>Reads the command line; null with an error if it is not understood.</summary>
    public static BenchOptions? Parse(string[] args, IReadOnlyCollection<string> known, out string? error)
    {
        bool quick = false;
        bool orleans = false;
        var parts = new List<string>();
        string json = Path.Combine("bench", "results", "bench.json");
        error = null;
        for (int i = 0; i < args.Length; i++)
        {
            switch (args[i])
            {
                case "--quick":
                    quick = true;
                    break;
                case "--part" when i + 1 < args.Length && known.Contains(args[i + 1]):
                    parts.Add(args[++i]);
                    break;
                case "--json" when i + 1 < args.Length:
                    json = args[++i];
                    break;
                case "--executor" when i + 1 < args.Length && args[i + 1] is ("shared" or "orleans"):
                    orleans = args[++i] == "orleans";
                    break;
                default:
                    error = $"not understood: {args[i]}\n{Usage}\nparts: {string.Join(", ", known)}";
                    return null;
            }
        }
        if (orleans && OrleansCluster.Missing is { } missing)
        {
            error = $"--executor orleans: {missing}";
            return null;
        }
        return new BenchOptions(quick, parts, json, orleans);
    }
}
