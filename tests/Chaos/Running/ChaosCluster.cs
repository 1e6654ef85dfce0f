using Quota.Silo.Tests.Support.Servers;

namespace Quota.Chaos.Running;

/// <summary>
/// Silos that share their keys, or one by itself. Ends every process it started. Which silos are in service is written by one fault at a
/// time and read by callers, who may see it a moment later.
/// </summary>
internal sealed class ChaosCluster : IAsyncDisposable
{
    /// <summary>How long PostgreSQL's answers are held back when it is as slow as it gets, in milliseconds.</summary>
    private const int DelayMsMax = 250;

    private readonly ChaosSilo? _keeper;
    private volatile int[] _inService = [];

    private ChaosCluster(ClusterPlan plan)
    {
        Plan = plan;
        Directory.CreateDirectory(Path.Combine(plan.Folder, plan.Set));
        _keeper = plan.HasKeeper ? new ChaosSilo(plan, "keeper") : null;
        Silos = [.. plan.ClocksAheadSeconds.Select((ahead, i) => new ChaosSilo(plan, $"silo-{i + 1}", ahead, _keeper))];
        Callers = [.. Silos.Select(s => new GrpcCaller(s.Address))];
    }

    public ClusterPlan Plan { get; }

    public ChaosStore? Store => Plan.Store;

    /// <summary>Those that callers ask and that faults hit.</summary>
    public ChaosSilo[] Silos { get; }

    /// <summary>One per silo.</summary>
    public GrpcCaller[] Callers { get; }

    /// <summary>The indices of the silos that callers ask: as a load balancer has it, which does not know who has failed.</summary>
    public IReadOnlyList<int> InService => _inService;

    /// <summary>The most silos that can hold leases.</summary>
    public int Holders => Silos.Length + (_keeper is null ? 0 : 1);

    /// <summary>Starts the first silo, which finds the store empty, then the others at once.</summary>
    /// <exception cref="InvalidDataException">One did not start.</exception>
    public static async Task<ChaosCluster> StartAsync(ClusterPlan plan)
    {
        var cluster = new ChaosCluster(plan);
        try
        {
            await (cluster._keeper?.StartAsync() ?? Task.CompletedTask);
            int started = Math.Min(plan.StartedAtFirst, cluster.Silos.Length);
            await cluster.Silos[0].StartAsync();
            await Task.WhenAll(cluster.Silos[1..started].Select(s => s.StartAsync()));
            cluster._inService = [.. Enumerable.Range(0, started)];
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts a silo; callers ask it once it is ready.</summary>
    public async Task JoinAsync(int silo)
    {
        await Silos[silo].StartAsync();
        Update(s => [.. s, silo]);
    }

    /// <summary>Callers ask a silo no more, and it is told to stop at the same instant: what is on its way to it is its to answer.</summary>
    public async Task LeaveAsync(int silo)
    {
        Update(s => [.. s.Where(other => other != silo)]);
        await Silos[silo].StopAsync();
    }

    /// <summary>Nobody reaches the store any more, until <see cref="HealStore"/>.</summary>
    public void CutStore() => ForEachProxy(p => p.Cut());

    public void HealStore() => ForEachProxy(p => p.Heal());

    /// <summary>The store is short of capacity, or not any more.</summary>
    /// <param name="part">DynamoDB: of the requests, this part is refused with ProvisionedThroughputExceededException. PostgreSQL, which refuses nothing: every answer is held back for this part of 250 ms. 0: not any more.</param>
    public void Throttle(double part)
    {
        if (Store!.IsPostgres)
        {
            ForEachProxy(p => p.AnswerDelayMs = (int)(part * DelayMsMax));
        }
        else
        {
            Store.Refuse(part);
        }
    }

    /// <exception cref="InvalidDataException">A silo ended without having been told to.</exception>
    public void CheckAlive()
    {
        if (Silos.Append(_keeper).FirstOrDefault(s => s is { HasFailed: true }) is { } failed)
        {
            throw new InvalidDataException($"{failed.Name} ended by itself");
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (ChaosSilo silo in Silos)
        {
            await silo.DisposeAsync();
        }
        await (_keeper?.DisposeAsync() ?? ValueTask.CompletedTask);
        foreach (GrpcCaller caller in Callers)
        {
            caller.Dispose();
        }
    }

    private void ForEachProxy(Action<TcpFaultProxy> action)
    {
        foreach (ChaosSilo silo in _keeper is null ? Silos : [.. Silos, _keeper])
        {
            action(silo.Proxy!);
        }
    }

    /// <summary>Silos join at once, so no update may undo another.</summary>
    private void Update(Func<int[], int[]> next)
    {
        lock (Silos)
        {
            _inService = next(_inService);
        }
    }
}
