using Quota.Grains.Calendar;
using Quota.Grains.Model;
using Quota.Silo.Cluster;

namespace Quota.Simulator;

/// <summary>
/// Compares what was admitted with every limit, by an exact log of admissions in true time. An admission can have been counted at any
/// instant from when the silo got it to when it answered, so it belongs to a window for certain only if all of that does.
/// <para>
/// The bounds, with s = the largest difference between two silos' clocks: a sliding window of the period less s holds at most the
/// amount; so does an aligned window or calendar period, shortened at its ends by what clocks are off; a token bucket admits in any
/// span L at most burst + rate × (L + s + lease), because permits are spent up to a lease after they were counted. Permits of lost
/// leases that were released come on top, and units that were given back.
/// </para>
/// </summary>
internal sealed class LimitAudit(Scenario scenario, Ledger ledger)
{
    private readonly long _skewNs = ledger.WindowMaxNs - ledger.WindowMinNs;

    /// <summary>Fails if a limit has admitted more than it may.</summary>
    public void Run()
    {
        for (int level = 0; level < scenario.Levels.Count; level++)
        {
            foreach (LimitModel limit in scenario.Levels[level].Limits.Values)
            {
                // A limit of the second plan only counts what was asked for under it.
                bool isInBoth = scenario.Levels[level].Plans[0].Limits.Any(l => l.Name == limit.Name);
                Admission[] all = [.. ledger.On(scenario, level)
                    .Where(r => r.CountedMin > 0 && (isInBoth || r.Version == 1))
                    .Select(r => new Admission(r.StartNs, r.EndNs, r.CountedMin, r.Ip))
                    .OrderBy(a => a.StartNs)];
                long slack = ledger.RefundsOn(scenario, level).Sum(r => r.GivenMax)
                    + ledger.Lost.Where(l => l.Level == level && l.Policy == LostLeases.Release).Sum(l => l.Lease.Permits.Where(p => p.Limit == limit.Name).Sum(p => p.Granted));
                foreach (IGrouping<string, Admission> group in all.GroupBy(a => limit.Per.Count > 0 ? a.Ip : ""))
                {
                    Check(scenario.Levels[level], limit, [.. group], limit.Capacity + slack);
                }
            }
        }
    }

    private void Check(Level level, LimitModel limit, Admission[] all, long amount)
    {
        long periodNs = limit.Shape.PeriodNs;
        switch (limit.Shape.Algorithm)
        {
            case LimitAlgorithm.SlidingWindow:
                foreach (Admission first in all)
                {
                    CheckSpan(level, limit, all, first.StartNs, first.StartNs + periodNs - _skewNs, amount);
                }
                break;
            case LimitAlgorithm.FixedWindow:
                foreach (long window in all.Select(a => (a.StartNs + ledger.WindowMinNs) / periodNs).Distinct())
                {
                    CheckSpan(level, limit, all, (window * periodNs) - ledger.WindowMinNs, ((window + 1) * periodNs) - ledger.WindowMaxNs, amount);
                }
                break;
            case LimitAlgorithm.Calendar:
                foreach (CalendarPeriod period in all.Select(a => limit.Shape.Calendar!.PeriodAt(a.StartNs / 1_000_000)).Distinct())
                {
                    CheckSpan(level, limit, all, (period.StartMs * 1_000_000) - ledger.WallMinNs, (period.EndMs * 1_000_000) - ledger.WallMaxNs, amount);
                }
                break;
            case LimitAlgorithm.TokenBucket:
                CheckBucket(level, limit, all, amount);
                break;
            default:
                // What concurrency limits hold is looked at after every commit.
                break;
        }
    }

    private static void CheckSpan(Level level, LimitModel limit, Admission[] all, long fromNs, long toNs, long amount)
    {
        long sum = 0;
        foreach (Admission one in all)
        {
            sum += one.StartNs >= fromNs && one.EndNs < toNs ? one.Units : 0;
        }
        StepAudit.Check(sum <= amount, $"{sum} units of '{level.Name}' in {(toNs - fromNs) / 1e9:F3} s, of which {limit.Name} admits {amount}");
    }

    private void CheckBucket(Level level, LimitModel limit, Admission[] all, long burst)
    {
        double perNs = limit.Shape.RefillAmount / (double)limit.Shape.PeriodNs;
        long leaseNs = scenario.Leases.Enabled ? scenario.Leases.DurationMs * 1_000_000L : 0;
        Admission[] byEnd = [.. all.OrderBy(a => a.EndNs)];
        foreach (Admission first in all)
        {
            long sum = 0;
            foreach (Admission one in byEnd)
            {
                if (one.StartNs >= first.StartNs)
                {
                    sum += one.Units;
                    double most = burst + 1 + (perNs * (one.EndNs - first.StartNs + _skewNs + leaseNs));
                    StepAudit.Check(sum <= most, $"{sum} units of '{level.Name}' in {(one.EndNs - first.StartNs) / 1e9:F3} s, of which {limit.Name} admits {most:F1}");
                }
            }
        }
    }

    private readonly record struct Admission(long StartNs, long EndNs, long Units, string Ip);
}
