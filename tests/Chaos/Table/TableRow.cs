using System.Globalization;

namespace Quota.Chaos.Table;

/// <summary>The worst that was admitted of one limit in one case, beside what is promised.</summary>
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
    public static IEnumerable<TableRow> Of(string situation, string executor, bool isLeased, int silos, HotLoad load, ChaosOptions options)
    {
        double amount = options.Amount;
        // Permits are counted when they are handed out and may be spent while the bucket fills again: each silo holds at most one part
        // in (silos + 1) of a full bucket.
        double outstanding = isLeased ? amount * silos / (silos + 1) : 0;
        IReadOnlyList<Admission>[] a = load.Admissions;
        TableRow Row(string limit, int certain, int possible, double most, double bound) => new(situation, executor, limit, certain / most, possible / most, bound);
        TableRow Any(string limit, int key, double most, double bound) => Row(limit, WorstWindow.Certain(a[key], HotKey.PeriodSeconds), WorstWindow.Possible(a[key], HotKey.PeriodSeconds), most, bound);
        int stated = WorstWindow.Stated(a[2], (long)(HotKey.PeriodSeconds * 1000));
        return
        [
            Any("sliding window, any 2 s", 0, amount, 1),
            Any("token bucket, any 2 s ÷ (burst + refill)", 1, 2 * amount, 1 + (outstanding / (2 * amount))),
            Any("fixed window, any 2 s", 2, amount, 2),
            Row("fixed window, its own windows", WorstWindow.CertainOfOwn(a[2], HotKey.PeriodSeconds), stated, amount, 1),
            Row("month quota, in all", a[3].Count, a[3].Count, HotKey.QuotaAmount(options), 1),
        ];
    }

    public string Markdown() => string.Create(CultureInfo.InvariantCulture, $"| {Situation} | {Executor} | {Limit} | {Certain:0.000} | {Possible:0.000} | {Bound:0.000} |{(IsBroken ? " BROKEN" : "")}");
}
