using Quota.Contracts;
using Quota.Silo.Store;

namespace Quota.Silo.Cluster;

/// <summary>
/// Who belongs to the cluster: every silo writes a sign of life into the shared store each second and reads those of the others. It
/// decides nothing about keys; it is there for operators, for names that are used twice, and for the clocks.
/// <para>
/// Safety: a silo's record is saved only over the version that the same run wrote last, so a second process under the same name
/// either sees that the record goes on changing and does not start, or takes over a record that has stopped changing; then the
/// first, should it come back, notices at its next beat that it was replaced, and says so (<see cref="Replaced"/>). Steps
/// (<see cref="BeatAsync"/>, <see cref="StopAsync"/>) do not overlap: one flow takes them. Readers see an immutable list.
/// </para>
/// </summary>
internal sealed partial class SiloRegistry : IClusterView
{
    private readonly IGrainStore _store;
    private readonly SiloNameList _names;
    private readonly SiloIdentity _self;
    private readonly ClusterClock _clock;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Dictionary<string, SiloWatch> _watches = new(StringComparer.Ordinal);
    private readonly HashSet<string> _skewed = new(StringComparer.Ordinal);
    private readonly long _startedMs;
    private volatile IReadOnlyList<SiloView> _silos = [];
    private volatile string? _replaced;
    private long _version;

    internal SiloRegistry(IGrainStore store, SiloIdentity self, ClusterClock clock, TimeProvider time, ILogger logger)
    {
        _store = store;
        _names = new SiloNameList(store);
        _self = self;
        _clock = clock;
        _time = time;
        _logger = logger;
        _startedMs = clock.MachineMs;
    }

    public SiloIdentity Self => _self;

    public long ClockLeadMs => _clock.LeadMs;

    /// <summary>Every silo that the cluster remembers, this one included, by name; as of the last beat.</summary>
    public IReadOnlyList<SiloView> Silos => _silos;

    /// <summary>Set once another process has taken this silo's name: this one must stop.</summary>
    public string? Replaced => _replaced;

    /// <summary>What this silo says of itself; asked at each beat.</summary>
    public Func<SiloNumbers> Numbers { get; set; } = () => default;

    /// <summary>Begins: watches the others for a moment, and writes the first sign of life.</summary>
    /// <returns>Null, or why this silo cannot start.</returns>
    /// <exception cref="StoreException">The store cannot be reached, or has failed.</exception>
    public async ValueTask<string?> JoinAsync(CancellationToken cancellation)
    {
        await LookAsync(cancellation).ConfigureAwait(false);
        if (_watches.Values.Any(w => !w.Record!.IsStopped))
        {
            // A record says nothing by itself: its writer may be gone, or its clock may be wrong. Whether it changes does.
            await Task.Delay(TimeSpan.FromMilliseconds(Bounds.SiloWatchMs), _time, cancellation).ConfigureAwait(false);
            await LookAsync(cancellation).ConfigureAwait(false);
        }
        if (_watches.TryGetValue(_self.Name, out SiloWatch? own))
        {
            if (own is { HasMoved: true, Record.IsStopped: false })
            {
                return FormattableString.Invariant($"server.silo: the name {_self.Name} is in use by a silo at {own.Record.Address}, run {own.Record.Run:N}, last seen {(_clock.MachineMs - own.Record.BeatMs) / 1000.0:0.0} s ago");
            }
            _version = own.Version;
            _watches.Remove(_self.Name);
        }
        if (SiloClocks.Problem(_watches.Values) is { } problem)
        {
            return problem;
        }
        if (!await EnlistAsync(cancellation).ConfigureAwait(false))
        {
            return $"the cluster remembers {Bounds.SilosMax} silos, which is the most it can";
        }
        return await SaveAsync(isStopped: false, cancellation).ConfigureAwait(false) ? null : $"server.silo: another process has just started under the name {_self.Name}";
    }

    /// <summary>One sign of life, and one look at the others.</summary>
    /// <exception cref="StoreException">The store cannot be reached, or has failed.</exception>
    public async ValueTask BeatAsync(CancellationToken cancellation)
    {
        if (_replaced is null && !await SaveAsync(isStopped: false, cancellation).ConfigureAwait(false))
        {
            _replaced = $"another process has taken the name {_self.Name} of this silo";
            WasReplaced(_logger, _replaced);
        }
        await LookAsync(cancellation).ConfigureAwait(false);
        FollowClocks();
    }

    /// <summary>Says that this silo stops.</summary>
    /// <exception cref="StoreException">The store cannot be reached, or has failed.</exception>
    public async ValueTask StopAsync(CancellationToken cancellation)
    {
        if (_replaced is null)
        {
            await SaveAsync(isStopped: true, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Beats until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(Bounds.SiloBeatMs), _time);
        bool isReached = true;
        try
        {
            while (await timer.WaitForNextTickAsync(cancellation).ConfigureAwait(false))
            {
                try
                {
                    await BeatAsync(cancellation).ConfigureAwait(false);
                    isReached = true;
                }
                catch (StoreException e)
                {
                    if (isReached)
                    {
                        Unreached(_logger, e.Message);
                    }
                    isReached = false;
                    Publish();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The silo stops.
        }
    }

    private async ValueTask<bool> SaveAsync(bool isStopped, CancellationToken cancellation)
    {
        var record = new SiloRecord(_self.Run, _self.Address, _self.ProductVersion, _self.Executor, _startedMs, _clock.MachineMs, isStopped, Numbers());
        byte[] id = SiloRecord.IdOf(_self.Name);
        var save = new GrainSave(id, _version, new StoredGrain(0, _version + 1, Execution.RecordHead.Never, record.Encode()));
        bool saved = await _store.CommitAsync([save], cancellation).ConfigureAwait(false);
        if (!saved && await _store.LoadAsync(id, cancellation).ConfigureAwait(false) is { } stored && SiloRecord.Decode(stored.State.Span).Run == _self.Run)
        {
            // An earlier beat whose end was not known had been saved after all.
            _version = stored.Version;
            save = save with { ExpectedVersion = _version, Grain = save.Grain with { Version = _version + 1 } };
            saved = await _store.CommitAsync([save], cancellation).ConfigureAwait(false);
        }
        _version = saved ? save.Grain.Version : _version;
        return saved;
    }

    /// <summary>Puts this silo's name on the list, and takes those off that have been away for long; false if the list is full.</summary>
    private async ValueTask<bool> EnlistAsync(CancellationToken cancellation)
    {
        while (true)
        {
            (IReadOnlyList<string> names, long version) = await _names.LoadAsync(cancellation).ConfigureAwait(false);
            List<SiloWatch> old = [.. _watches.Values.Where(w => w.State(TickMs()) is SiloState.Gone or SiloState.Stopped && w.SeenMs(TickMs()) > Bounds.SiloForgetMs)];
            List<string> next = [.. names.Except(old.Select(o => o.Name)).Append(_self.Name).Distinct()];
            if (next.Count > Bounds.SilosMax)
            {
                return false;
            }
            foreach (SiloWatch watch in old)
            {
                // Only if it is still as it was seen; otherwise it has come back, and is listed again by itself.
                await _store.CommitAsync([new GrainSave(SiloRecord.IdOf(watch.Name), watch.Version, default) { IsDeletion = true }], cancellation).ConfigureAwait(false);
            }
            if (next.Count == names.Count && old.Count == 0 || await _names.TrySaveAsync(next, version, cancellation).ConfigureAwait(false))
            {
                return true;
            }
        }
    }

    private async ValueTask LookAsync(CancellationToken cancellation)
    {
        (IReadOnlyList<string> names, long _) = await _names.LoadAsync(cancellation).ConfigureAwait(false);
        foreach (string gone in _watches.Keys.Except(names).ToList())
        {
            _watches.Remove(gone);
        }
        foreach (string name in names)
        {
            if (await _store.LoadAsync(SiloRecord.IdOf(name), cancellation).ConfigureAwait(false) is not { } stored)
            {
                continue;
            }
            if (!_watches.TryGetValue(name, out SiloWatch? watch))
            {
                _watches.Add(name, watch = new SiloWatch(name));
            }
            watch.See(SiloRecord.Decode(stored.State.Span), stored.Version, TickMs(), _clock.MachineMs);
        }
        Publish();
    }

    private void FollowClocks()
    {
        List<SiloWatch> others = [.. _watches.Values.Where(w => w.Name != _self.Name && !w.Record!.IsStopped)];
        _clock.SetLead(SiloClocks.AheadMs(others, TickMs()));
        foreach (SiloWatch other in others.Where(o => o.HasMoved))
        {
            if (!SiloClocks.IsTooFar(other))
            {
                _skewed.Remove(other.Name);
            }
            else if (_skewed.Add(other.Name))
            {
                ClocksDiffer(_logger, other.Name, other.SkewMs, Bounds.ClockSkewMaxMs);
            }
        }
    }

    private void Publish()
    {
        long tickMs = TickMs();
        _silos = [.. _watches.Values.OrderBy(w => w.Name, StringComparer.Ordinal).Select(w => w.Name == _self.Name ? w.View(tickMs) with { SkewMs = 0 } : w.View(tickMs))];
    }

    private long TickMs() => (long)_time.GetElapsedTime(0).TotalMilliseconds;

    [LoggerMessage(1, LogLevel.Critical, "This silo must stop: {Reason}")]
    private static partial void WasReplaced(ILogger logger, string reason);

    [LoggerMessage(2, LogLevel.Warning, "The shared store does not take this silo's signs of life: {Reason}")]
    private static partial void Unreached(ILogger logger, string reason);

    [LoggerMessage(3, LogLevel.Error, "The clock of silo {Silo} is {SkewMs} ms ahead of this machine's and is not followed: at most {MaxMs} ms are")]
    private static partial void ClocksDiffer(ILogger logger, string silo, long skewMs, long maxMs);
}
