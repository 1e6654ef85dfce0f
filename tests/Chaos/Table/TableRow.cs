using System.Globalization;

namespace Quota.Chaos.Table;

/// <summary>The worst that was admitted of one limit in one case, by the harness's clock, beside what is promised.</summary>
/// <param name="Situation">What happened.</param>
/// <param name="Executor">Who decided.</param>
/// <param name="Limit">Of which limit, and over what.</param>
/// <param name="Certain">Admitted for certain ÷ amount.</param>
/// <param name="Possible">Admitted at most ÷ amount.</param>
/// <param name="Bound">What the formula says.</param>
internal sealed record TableRow(string Situation, string Executor, string Limit, double Certain, double Possible, double Bound)
{
    /// <summary>Whether more was certainly admitted than is promised.</summary>
    public bool IsBroken => Certain > Bound + 1e-9;

    /// <summary>The rows of a case.</summary>
    /// <param name="situation">What happened.</param>
    /// <param name="executor">Who decided.</param>
    /// <param name="holders">How many silos may have held leases at once; 0: without leases.</param>
    /// <param name="load">What was admitted.</param>
    /// <param name="options">The amounts.</param>
    public static TableRow[] Of(Situation situation, string executor, int holders, HotLoad load, ChaosOptions options)
    {
        double amount = options.Amount;
        // Permits are counted when they are handed out and may be spent while the bucket fills again: each silo holds at most one part
        // in (silos + 1) of a full bucket.
        double outstanding = amount * holders / (holders + 1);
        double bucket = amount * (1 + (HotKey.BucketSpanSeconds / HotKey.PeriodSeconds));
        IReadOnlyList<Admission>[] a = load.Admissions;
        TableRow Row(string limit, (int Certain, int Possible) admitted, double most, double bound) => new(situation.Name, executor, limit, admitted.Certain / most, admitted.Possible / most, bound);
        (int, int) Any(int key, double seconds) => (WorstWindow.Certain(a[key], seconds), WorstWindow.Possible(a[key], seconds));
        // While silos follow clocks that differ, they agree within a sign of life: what is promised is any window shorter by that much.
        bool isSkewed = situation.Silos == SiloSet.Skewed;
        return
        [
            Row(isSkewed ? "sliding window, any 1 s (clocks apart)" : "sliding window, any 2 s", Any(0, HotKey.PeriodSeconds - (isSkewed ? HotKey.ClocksSeconds : 0)), amount, 1),
            Row("token bucket, any 4 s ÷ (burst + refill)", Any(1, HotKey.BucketSpanSeconds), bucket, 1 + (outstanding / bucket)),
            Row("fixed window, any 2 s", Any(2, HotKey.PeriodSeconds), amount, 2),
            Row("fixed window, its own windows", WorstWindow.OfOwn(a[2], HotKey.PeriodSeconds), amount, 1),
            Row("month quota, in all", (a[3].Count, a[3].Count), HotKey.QuotaAmount(options), 1),
        ];
    }

    public string Markdown() => string.Create(CultureInfo.InvariantCulture, $"| {Situation} | {Executor} | {Limit} | {Certain:0.000} | {Possible:0.000} | {Bound:0.000} |{(IsBroken ? " BROKEN" : "")}");

    /// <summary>What was certain and what is promised.</summary>
    public string Cell() => string.Create(CultureInfo.InvariantCulture, $"{Certain:0.000}{(IsBroken ? " > " : " ≤ ")}{Bound:0.000}");
}
