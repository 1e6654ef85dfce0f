using Quota.Grains.Model;
using Quota.Grains.Usage;
using Quota.Silo.Cluster;
using Quota.Silo.Execution;
using Quota.Silo.Execution.Shared.Leases;
using LeaseEntry = Quota.Silo.Execution.Shared.Leases.LeaseEntry;

namespace Quota.Simulator;

/// <summary>
/// Compares what is billed with what was admitted, once everything is healed and settled: every admission exactly once, in the month it
/// was made in. What a client never learnt may be billed or not; what was made so near a month's end that clocks disagree may be in
/// either month.
/// </summary>
internal sealed class UsageAudit(Scenario scenario, Ledger ledger, IReadOnlyDictionary<byte[], List<LeaseEntry>> books)
{
    private static readonly BillingModel Billing = BillingModel.Utc;

    /// <summary>Months that requests can have been counted in.</summary>
    public IEnumerable<MonthLabel> Months()
    {
        MonthLabel first = Billing.MonthAt((scenario.StartNs / 1_000_000) - 10_000);
        return [first, first.Next];
    }

    /// <summary>Fails if usage as the store has it is not what was admitted.</summary>
    /// <param name="level">Whose.</param>
    /// <param name="billed">By month: units used, and units given back.</param>
    /// <param name="unsettled">Units that are shown as unsettled.</param>
    public void Check(int level, IReadOnlyDictionary<MonthLabel, (long Used, long Refunded)> billed, long unsettled)
    {
        long open = books.Where(b => IsOf(b.Key, level)).SelectMany(b => b.Value).Sum(l => Units(l, 0));
        StepAudit.Check(unsettled == open, $"'{scenario.Levels[level].Name}' shows {unsettled} units as unsettled, the books have {open}");
        Request[] requests = [.. ledger.On(scenario, level)];
        (long under, long over) = Lost(level);
        long least = requests.Sum(r => r.CountedMin);
        long most = requests.Sum(r => r.CountedMax);
        long used = billed.Values.Sum(b => b.Used);
        string name = scenario.Levels[level].Name;
        StepAudit.Check(used >= least - under, $"'{name}' is billed {used} units, but {least} were admitted (and {under} may be lost)");
        StepAudit.Check(used <= most + over, $"'{name}' is billed {used} units, but {most} were admitted (and {over} counted as lost)");
        foreach ((MonthLabel month, (long Used, long Refunded) counts) in billed)
        {
            long certain = requests.Where(r => r.IsAdmitted && IsIn(r, month) == true).Sum(r => r.CountedMin);
            long possible = requests.Where(r => !r.IsAdmitted || IsIn(r, month) != false).Sum(r => r.CountedMax);
            StepAudit.Check(counts.Used >= certain - under && counts.Used <= possible + over, $"'{name}' is billed {counts.Used} units in {month}, but {certain} to {possible} were admitted in it");
        }
        long refunded = billed.Values.Sum(b => b.Refunded);
        long refundedMin = level < scenario.Keys ? ledger.RefundsOn(scenario, level).Sum(r => r.GivenMin) : 0;
        long refundedMax = ledger.RefundsOn(scenario, level).Sum(r => r.GivenMax);
        StepAudit.Check(refunded >= refundedMin && refunded <= refundedMax, $"'{name}' was given back {refunded} units, by the answers {refundedMin} to {refundedMax}");
    }

    /// <summary>By how much usage may be below and above what was admitted, because leases were lost.</summary>
    public (long Under, long Over) Lost(int level)
    {
        long under = 0;
        long over = 0;
        foreach (LostLease lost in ledger.Lost.Where(l => l.Level == level && l.IsKeyBlock))
        {
            long units = Units(lost.Lease, long.MaxValue / 1_000_000);
            under += lost.Policy == LostLeases.Release || units > 1_000_000_000 ? units : 0;
            over += lost.Policy == LostLeases.Spend && units < 1_000_000_000 ? units : 0;
        }
        foreach ((byte[] id, List<LeaseEntry> leases) in books)
        {
            if (IsOf(id, level))
            {
                under += leases.Sum(l => Units(l, long.MaxValue / 1_000_000));
            }
        }
        return (under, over);
    }

    /// <summary>The most that can have been used of a lease; unbounded if it was on no limit that counts all.</summary>
    private static long Units(LeaseEntry lease, long unbounded) => lease.Permits.Count == 0 ? unbounded : lease.Permits.Min(p => p.Granted);

    /// <summary>Whether it is the book of a level's own block.</summary>
    private bool IsOf(byte[] bookId, int level) =>
        GrainId.TryReadKey(bookId, out _, out ReadOnlySpan<byte> key) && scenario.IndexOf(key) == level && LeaseBook.BlockIdOf(bookId)[0] == GrainId.KeyBlock;

    /// <summary>Whether a request was counted in a month; null if clocks disagree.</summary>
    private bool? IsIn(Request request, MonthLabel month)
    {
        bool isFirst = Billing.MonthAt((request.StartNs + ledger.WallMinNs) / 1_000_000) == month;
        bool isLast = Billing.MonthAt((request.EndNs + ledger.WallMaxNs) / 1_000_000) == month;
        return isFirst == isLast ? isFirst : null;
    }
}
