using Quota.Grains;
using Quota.Silo.Cluster;
using Quota.Silo.Store;

namespace Quota.Simulator;

/// <summary>
/// One process's way to the shared store. A call is two messages, each with a delay of its own, so calls overtake each other;
/// either may be lost, and the caller gives up after a time and does not know what happened. A call that is under way arrives
/// also if its process is paused or dead by then.
/// </summary>
internal sealed class StoreLink(World world, SharedStore server, Process process, Machine machine, Scenario scenario, ClusterClock clock, int silo, long holder) : IGrainStore
{
    public int Silo => silo;

    public long Holder => holder;

    /// <summary>The instant of the process, as its clock would say it now.</summary>
    public Instant Now => clock.Now();

    public ValueTask<StoredGrain?> LoadAsync(ReadOnlyMemory<byte> id, CancellationToken cancellation) => Call(1, () => server.Load(id.Span));

    public ValueTask SaveAsync(IReadOnlyList<GrainSave> saves, Memory<bool> saved, CancellationToken cancellation) =>
        throw new InvalidOperationException("Silos that share a store commit.");

    public ValueTask<IReadOnlyList<(byte[] Id, StoredGrain Grain)>> ScanAsync(ReadOnlyMemory<byte> prefix, ReadOnlyMemory<byte> after, int limit, CancellationToken cancellation)
    {
        byte[] from = prefix.ToArray();
        byte[] behind = after.ToArray();
        return Call<IReadOnlyList<(byte[] Id, StoredGrain Grain)>>(2, () => server.Scan(from, behind, limit));
    }

    public ValueTask<bool> CommitAsync(IReadOnlyList<GrainSave> saves, CancellationToken cancellation)
    {
        GrainSave[] sent = [.. saves];
        return Call(3, () => server.Commit(this, sent));
    }

    public ValueTask<int> ForgetAsync(long beforeNs, int limit, CancellationToken cancellation) => Call(4, () => server.Forget(beforeNs, limit));

    public ValueTask<IReadOnlyList<byte[]>> LoadLayoutsAsync(CancellationToken cancellation) => Call<IReadOnlyList<byte[]>>(5, server.Layouts);

    public async ValueTask SaveLayoutAsync(ulong id, ReadOnlyMemory<byte> encoded, CancellationToken cancellation)
    {
        byte[] sent = encoded.ToArray();
        await Call(6, () =>
        {
            server.SaveLayout(id, sent);
            return true;
        }).ConfigureAwait(false);
    }

    public ValueTask<long?> LoadNumberAsync(string name, CancellationToken cancellation) => throw new InvalidOperationException("Nobody asks.");

    public ValueTask SaveNumberAsync(string name, long value, CancellationToken cancellation) => throw new InvalidOperationException("Nobody asks.");

    public ValueTask DisposeAsync() => default;

    private ValueTask<TResult> Call<TResult>(int what, Func<TResult> onServer)
    {
        // Without RunContinuationsAsynchronously: whoever waits goes on within the event that completes it.
        var done = new TaskCompletionSource<TResult>();
        world.Note(what, silo, 0);
        bool isLost = machine.IsCutOff || world.Chance(scenario.Network.LostRequests);
        if (!isLost)
        {
            world.After(Delay(), null, () => Arrive(what, onServer, done));
        }
        world.After(scenario.Network.TimeoutMs * 1_000_000L, process, () =>
        {
            if (!done.Task.IsCompleted)
            {
                world.Trace($"silo {silo}: store call {what} timed out");
                done.SetException(new StoreException("the store did not answer in time"));
            }
        });
        return new(done.Task);
    }

    private void Arrive<TResult>(int what, Func<TResult> onServer, TaskCompletionSource<TResult> done)
    {
        if (machine.IsCutOff || server.IsDown)
        {
            return;
        }
        if (world.Chance(server.ThrottledShare))
        {
            Answer(() => done.TrySetException(new StoreException("the store is busy")));
            return;
        }
        TResult result = onServer();
        world.Note(what, silo, result is false ? 2 : 1);
        if (!machine.IsCutOff && !world.Chance(scenario.Network.LostAnswers))
        {
            Answer(() => done.TrySetResult(result));
        }
    }

    private void Answer(Action complete) => world.After(Delay(), process, () =>
    {
        if (!machine.IsCutOff)
        {
            complete();
        }
    });

    private long Delay() => world.Chance(scenario.Network.Slow) ? world.Between(5_000_000, 1_000_000_000) : world.Between(100_000, 3_000_000);
}
