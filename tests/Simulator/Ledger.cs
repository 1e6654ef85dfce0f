namespace Quota.Simulator;

/// <summary>The independent record of what clients asked for and what silos told them: an exact log, which knows nothing of counters.</summary>
internal sealed class Ledger
{
    public List<Request> Requests { get; } = [];

    public List<Refund> Refunds { get; } = [];

    /// <summary>Lost leases that a silo other than their holder has settled.</summary>
    public List<LostLease> Lost { get; } = [];

    /// <summary>Least and most by which a wall clock was ever off.</summary>
    public long WallMinNs { get; private set; }

    /// <inheritdoc cref="WallMinNs"/>
    public long WallMaxNs { get; private set; }

    /// <summary>A wall clock is off by this much from now on.</summary>
    public void NoteWall(long offsetNs)
    {
        WallMinNs = Math.Min(WallMinNs, offsetNs);
        WallMaxNs = Math.Max(WallMaxNs, offsetNs);
    }

    /// <summary>Requests that count on a level.</summary>
    public IEnumerable<Request> On(Scenario scenario, int level) => Requests.Where(r => r.Key == level || level >= scenario.Keys);

    /// <summary>Refunds that give back on a level.</summary>
    public IEnumerable<Refund> RefundsOn(Scenario scenario, int level) => Refunds.Where(r => r.Key == level || level >= scenario.Keys);
}
