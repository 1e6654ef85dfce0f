using Quota.Contracts;

namespace Quota.Silo.Cluster;

/// <summary>
/// What one silo knows of another by its signs of life. Whether they go on is judged by this silo's own clock and by whether they
/// change, never by what the other's clock says. Used by one flow.
/// </summary>
internal sealed class SiloWatch(string name)
{
    private readonly Queue<long> _aheadMs = new();
    private long _changedMs;

    public string Name { get; } = name;

    /// <summary>Its last sign of life; null before the first look.</summary>
    public SiloRecord? Record { get; private set; }

    /// <summary>Version of the record.</summary>
    public long Version { get; private set; }

    /// <summary>Whether a sign of life has come since the first look.</summary>
    public bool HasMoved { get; private set; }

    /// <summary>How far its clock is ahead of this machine's, in ms: the largest of the last signs of life, which is the one that was read soonest.</summary>
    public long SkewMs => _aheadMs.Count == 0 ? 0 : _aheadMs.Max();

    /// <summary>Takes in what a look has found.</summary>
    /// <param name="record">Its record.</param>
    /// <param name="version">The record's version.</param>
    /// <param name="tickMs">Now, on a clock that never steps.</param>
    /// <param name="machineMs">Now, on this machine's wall clock.</param>
    public void See(SiloRecord record, long version, long tickMs, long machineMs)
    {
        if (Record is null)
        {
            // How old the first one is can only be guessed by the other's clock.
            _changedMs = tickMs - Math.Clamp(machineMs - record.BeatMs, 0, long.MaxValue / 2);
        }
        else if (version == Version)
        {
            return;
        }
        else
        {
            HasMoved = true;
            _changedMs = tickMs;
            _aheadMs.Enqueue(record.BeatMs - machineMs);
            if (_aheadMs.Count > Bounds.ClockSamples)
            {
                _aheadMs.Dequeue();
            }
        }
        (Record, Version) = (record, version);
    }

    /// <summary>Age of its last sign of life.</summary>
    public long SeenMs(long tickMs) => Math.Max(0, tickMs - _changedMs);

    public SiloState State(long tickMs) => Record!.IsStopped ? SiloState.Stopped : SeenMs(tickMs) switch
    {
        <= Bounds.SiloLateMs => SiloState.Live,
        <= Bounds.SiloGoneMs => SiloState.Late,
        _ => SiloState.Gone,
    };

    /// <summary>The silo as it is shown.</summary>
    public SiloView View(long tickMs) =>
        new(Name, Record!.Address, State(tickMs), Record.ProductVersion, Record.Executor, Record.StartedMs, SeenMs(tickMs), SkewMs, Record.Numbers);
}
