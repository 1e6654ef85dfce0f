using Quota.Grains;

namespace Quota.Simulator;

/// <summary>The independent record of what clients asked for and what silos told them: an exact log, which knows nothing of counters.</summary>
internal sealed class Ledger
{
    public List<Request> Requests { get; } = [];

    public List<Refund> Refunds { get; } = [];

    /// <summary>Lost leases that a silo other than their holder has settled.</summary>
    public List<LostLease> Lost { get; } = [];

    /// <summary>Least and most by which a silo's wall clock, as it sees it, was ever off.</summary>
    public long WallMinNs { get; private set; }

    /// <inheritdoc cref="WallMinNs"/>
    public long WallMaxNs { get; private set; }

    /// <summary>The same of the window scales.</summary>
    public long WindowMinNs { get; private set; }

    /// <inheritdoc cref="WindowMinNs"/>
    public long WindowMaxNs { get; private set; }

    /// <summary>A silo's clock says this now.</summary>
    public void NoteClock(in Instant now, long trueNs)
    {
        // Of a wall clock only whole milliseconds are seen.
        long wallNs = (now.WallMs * 1_000_000) - trueNs;
        WallMinNs = Math.Min(WallMinNs, wallNs);
        WallMaxNs = Math.Max(WallMaxNs, wallNs + 1_000_000);
        WindowMinNs = Math.Min(WindowMinNs, now.WindowNs - trueNs);
        WindowMaxNs = Math.Max(WindowMaxNs, now.WindowNs - trueNs);
    }

    /// <summary>Requests that count on a level.</summary>
    public IEnumerable<Request> On(Scenario scenario, int level) => Requests.Where(r => r.Key == level || level >= scenario.Keys);

    /// <summary>Refunds that give back on a level.</summary>
    public IEnumerable<Refund> RefundsOn(Scenario scenario, int level) => Refunds.Where(r => r.Key == level || level >= scenario.Keys);
}
