using System.Globalization;

namespace Quota.Chaos.Table;

/// <summary>What one situation did under one executor.</summary>
/// <param name="Situation">What happened.</param>
/// <param name="Executor">Who decided.</param>
/// <param name="Rows">By limit: the worst that was admitted.</param>
/// <param name="Billing">By hot key: what is billed of it.</param>
internal sealed record CaseResult(Situation Situation, string Executor, TableRow[] Rows, CaseBilling[] Billing)
{
    /// <summary>Part of what was asked for that got no decision.</summary>
    public required double Errors { get; init; }

    /// <summary>What was admitted ÷ what a limiter without any faults would have admitted of the same questions.</summary>
    public required double Given { get; init; }

    /// <summary>Waits for an answer of any kind: the median, the 99th percentile, and the longest that a caller waited at all, in milliseconds.</summary>
    public required (double P50, double P99, double Longest) WaitMs { get; init; }

    /// <summary>The case's lines of the table by silo.</summary>
    public required string[] Callers { get; init; }

    public const string Head = """
        | situation | executor | sliding window | token bucket | fixed window | its own windows | month quota | no decision | admitted ÷ undisturbed | p50 | p99 | longest wait | admitted | billed |
        |---|---|---|---|---|---|---|---|---|---|---|---|---|---|
        """;

    public static CaseResult Of(Situation situation, string executor, TableRow[] rows, CaseBilling[] billing, HotLoad load, ChaosOptions options)
    {
        double[] waits = [.. load.Counts.SelectMany(c => c.Waits).Order().DefaultIfEmpty(0)];
        double Wait(double part) => waits[(int)(part * (waits.Length - 1))] * 1000;
        double undisturbed = load.Asked.Select((asked, key) => PerfectLimiter.Admitted(key, asked, load.EpochSeconds, options)).Sum();
        return new CaseResult(situation, executor, rows, billing)
        {
            Errors = load.Counts.Sum(c => c.Errors) / (double)Math.Max(1, load.Counts.Sum(c => c.Asked)),
            Given = load.Admissions.Sum(a => a.Count) / Math.Max(1, undisturbed),
            WaitMs = (Wait(0.5), Wait(0.99), 1000 * load.Counts.Max(c => c.LongestWait)),
            Callers = [.. CallerRow.Of(situation, executor, load)],
        };
    }

    /// <summary>The case's line: admitted for certain ÷ amount of each limit, with what is promised; then what callers saw; then the bill.</summary>
    public string Markdown() => $"| {Situation.Name} | {Executor} | {string.Join(" | ", Rows.Select(r => r.Cell()))} | {Seen()} | {Admitted:N0} | {Bill()} |";

    /// <summary>The same for who watches the run.</summary>
    public string Progress() => $"{string.Join(", ", Rows.Select(r => $"{r.Certain.ToString("0.000", CultureInfo.InvariantCulture)}{(r.IsBroken ? " BROKEN" : "")}"))}; no decision {Errors.ToString("0.0 %", CultureInfo.InvariantCulture)}; longest wait {WaitMs.Longest.ToString("0", CultureInfo.InvariantCulture)} ms; admitted {Admitted.ToString("N0", CultureInfo.InvariantCulture)}, billed {Bill()}";

    private long Admitted => Billing.Sum(b => b.Admitted);

    private string Seen() => string.Create(CultureInfo.InvariantCulture, $"{Errors:0.0 %} | {Given:0.000} | {WaitMs.P50:0.0} ms | {WaitMs.P99:0} ms | {WaitMs.Longest:0} ms");

    private string Bill()
    {
        long billed = Billing.Sum(b => b.Billed), unknown = Billing.Sum(b => b.Unknown);
        string difference = billed == Admitted ? "= admitted" : string.Create(CultureInfo.InvariantCulture, $"{billed:N0}: {billed - Admitted:+#,0;-#,0} of {unknown:N0} calls without an answer that says");
        return Array.Exists(Billing, b => !b.IsRight) ? difference + " WRONG" : difference;
    }
}
