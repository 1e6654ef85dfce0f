using System.Globalization;

namespace Quota.Chaos.Table;

/// <summary>What callers saw in one case, by silo, and how the silos shared what was admitted.</summary>
internal static class CallerRow
{
    public const string Head = """
        | situation | executor | silos | allowed | denied | UNAVAILABLE | RESOURCE_EXHAUSTED | no connection | no answer | not sent | other | wait p50 | p99 | longest | longest without a decision |
        |---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|
        """;

    /// <summary>One line for the silo that the fault hits (the first), one for the others; or one for all, when they come and go.</summary>
    public static IEnumerable<string> Of(Situation situation, string executor, HotLoad load)
    {
        SiloCounts[] all = load.Counts;
        if (all.Length == 1 || situation.Silos == SiloSet.Growing)
        {
            yield return Line(situation, executor, all.Length == 1 ? "the silo" : "all", all, Gap(all.SelectMany(c => c.Decided), load.Seconds));
        }
        else
        {
            yield return Line(situation, executor, "first", all[..1], Gap(all[0].Decided, load.Seconds));
            yield return Line(situation, executor, "others", all[1..], all[1..].Max(c => Gap(c.Decided, load.Seconds)));
        }
    }

    /// <summary>How the silos shared what was admitted of each hot key, in percent.</summary>
    public static IEnumerable<(string Limit, double[] Percent)> Shares(HotLoad load) => HotKey.All.Select((key, i) =>
        (key.Limit, load.Counts.Select((_, silo) => 100.0 * load.Admissions[i].Count(a => a.Silo == silo) / Math.Max(1, load.Admissions[i].Count)).ToArray()));

    private static string Line(Situation situation, string executor, string silos, SiloCounts[] counts, double gap)
    {
        double[] waits = [.. counts.SelectMany(c => c.Waits).Order().DefaultIfEmpty(0)];
        double Wait(double part) => waits[(int)(part * (waits.Length - 1))] * 1000;
        long Sum(Func<SiloCounts, long> of) => counts.Sum(of);
        return string.Create(CultureInfo.InvariantCulture, $"| {situation.Name} | {executor} | {silos} | {Sum(c => c.Allowed)} | {Sum(c => c.Denied)} | {Sum(c => c.Unavailable)} | {Sum(c => c.Exhausted)} | {Sum(c => c.NotConnected)} | {Sum(c => c.Unanswered)} | {Sum(c => c.Unsent)} | {Sum(c => c.Other)} | {Wait(0.5):0.0} ms | {Wait(0.99):0} ms | {1000 * counts.Max(c => c.LongestWait):0} ms | {gap:0.00} s |");
    }

    /// <summary>The longest time in which nothing was decided.</summary>
    private static double Gap(IEnumerable<double> decided, double seconds)
    {
        double[] at = [0, .. decided.Where(d => d < seconds).Order(), seconds];
        return at.Skip(1).Zip(at, (next, before) => next - before).Max();
    }
}
