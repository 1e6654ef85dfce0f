namespace Quota.Chaos.Running;

/// <summary>Silos that share their keys, or one by itself. Ends every process it started.</summary>
internal sealed class ChaosCluster : IAsyncDisposable
{
    private ChaosCluster(ChaosStore? store, ChaosSilo[] silos) => (Store, Silos, Callers) = (store, silos, [.. silos.Select(s => new GrpcCaller(s.Address))]);

    /// <summary>Null for a silo by itself. Belongs to whoever started it.</summary>
    public ChaosStore? Store { get; }

    public ChaosSilo[] Silos { get; }

    /// <summary>One per silo.</summary>
    public GrpcCaller[] Callers { get; }

    /// <summary>Starts one silo per clock: the first, which finds the store empty, then the others at once.</summary>
    public static async Task<ChaosCluster> StartAsync(string folder, ChaosStore? store, string set, string namespaces, params double[] clocksAheadSeconds)
    {
        string own = Directory.CreateDirectory(Path.Combine(folder, set)).FullName;
        var cluster = new ChaosCluster(store, [.. clocksAheadSeconds.Select((ahead, i) => new ChaosSilo(own, $"silo-{i + 1}", store, set, namespaces, ahead))]);
        try
        {
            await cluster.Silos[0].StartAsync();
            await Task.WhenAll(cluster.Silos[1..].Select(s => s.StartAsync()));
            return cluster;
        }
        catch
        {
            await cluster.DisposeAsync();
            throw;
        }
    }

    /// <exception cref="InvalidDataException">A silo ended without having been told to.</exception>
    public void CheckAlive()
    {
        if (Array.Find(Silos, s => s.HasFailed) is { } failed)
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
        foreach (GrpcCaller caller in Callers)
        {
            caller.Dispose();
        }
    }
}
