using Quota.Contracts;
using Quota.Grains;
using Quota.Silo.Time;

namespace Quota.Silo.Cluster;

/// <summary>
/// The clock of a silo that shares keys with others: the machine's wall clock and a lead, so that all silos of a cluster run on the
/// fastest of their clocks. Counters in the store never move back to an earlier window, so a silo whose clock is behind would
/// otherwise count into windows that others have left.
/// <para>
/// Safety: the window scale is the maximum of everything this clock ever said, kept in one word that only grows, so it never goes
/// back, whatever the wall clock and the lead do. The lead is at most <see cref="Bounds.ClockSkewMaxMs"/>, so one wrong clock
/// cannot carry the others away. Safe for concurrent use; <see cref="SetLead"/> is called by one thread.
/// </para>
/// </summary>
/// <param name="time">The machine's wall clock.</param>
/// <param name="notBeforeNs">The latest instant of the window scale that this silo's journal has seen, or 0.</param>
public sealed class ClusterClock(TimeProvider time, long notBeforeNs = 0) : IClock
{
    private long _latestNs = notBeforeNs;
    private long _leadMs;

    /// <summary>How far the cluster's clock is ahead of the machine's, in ms.</summary>
    public long LeadMs => Volatile.Read(ref _leadMs);

    /// <summary>The machine's wall clock, in ms since 1970.</summary>
    public long MachineMs => MachineNs() / 1_000_000;

    public Instant Now()
    {
        long wallNs = Math.Min(MachineNs() + (Volatile.Read(ref _leadMs) * 1_000_000), Instant.WindowNsMax);
        long latest = Volatile.Read(ref _latestNs);
        while (wallNs > latest)
        {
            long seen = Interlocked.CompareExchange(ref _latestNs, wallNs, latest);
            if (seen == latest)
            {
                latest = wallNs;
                break;
            }
            latest = seen;
        }
        return new Instant(latest, wallNs / 1_000_000);
    }

    /// <summary>Takes over what the signs of life of the others show: a larger lead at once, a smaller one slowly.</summary>
    /// <param name="aheadMs">How far the fastest clock is ahead of this machine's; not above 0 if this one is the fastest.</param>
    public void SetLead(long aheadMs)
    {
        long wanted = Math.Clamp(aheadMs, 0, Bounds.ClockSkewMaxMs);
        long lead = Volatile.Read(ref _leadMs);
        Volatile.Write(ref _leadMs, wanted >= lead ? wanted : Math.Max(wanted, lead - Bounds.ClockSlewMsPerBeat));
    }

    private long MachineNs() => Math.Clamp((time.GetUtcNow() - DateTimeOffset.UnixEpoch).Ticks, 0, Instant.WindowNsMax / 100) * 100;
}
