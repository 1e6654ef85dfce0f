using System.Diagnostics;
using Quota.Silo.Store;
using Xunit.Abstractions;

namespace Quota.Silo.Tests.Store;

/// <summary>How long the calls of a store take, one after another, and how many requests each is.</summary>
internal static class StoreTimings
{
    private const int Rounds = 200;

    public static async Task PrintAsync(string name, ICountedStore store, ITestOutputHelper output)
    {
        byte[] state = new byte[200];
        (long reads, long writes, long transactions, long retries) = (store.Counters.Reads, store.Counters.Writes, store.Counters.Transactions, store.Counters.Retries);
        double commit1 = await MedianMsAsync(async i => Assert.True(await store.CommitAsync([new GrainSave(new byte[] { 7, 1 }, i, new StoredGrain(1, i + 1, long.MaxValue, state))], default)));
        double commit2 = await MedianMsAsync(async i => Assert.True(await store.CommitAsync(
            [new GrainSave(new byte[] { 7, 2 }, i, new StoredGrain(1, i + 1, long.MaxValue, state)), new GrainSave(new byte[] { 7, 3 }, i, new StoredGrain(1, i + 1, long.MaxValue, state))], default)));
        double load = await MedianMsAsync(async _ => Assert.NotNull(await store.LoadAsync(new byte[] { 7, 1 }, default)));
        output.WriteLine($"{name}: p50 of {Rounds} calls one after another: load {load:0.000} ms, commit of 1 {commit1:0.000} ms, commit of 2 {commit2:0.000} ms");
        // One request each: that is what a decision costs.
        long sentAgain = store.Counters.Retries - retries;
        Assert.Equal((3L * Rounds) + sentAgain, store.Counters.Reads - reads + store.Counters.Writes - writes + store.Counters.Transactions - transactions);
        Assert.InRange(store.Counters.Reads - reads, Rounds, Rounds + sentAgain);
        Assert.InRange(store.Counters.Writes - writes, Rounds, Rounds + sentAgain);
        Assert.InRange(store.Counters.Transactions - transactions, Rounds, Rounds + sentAgain);
    }

    private static async Task<double> MedianMsAsync(Func<int, Task> call)
    {
        double[] took = new double[Rounds];
        for (int i = 0; i < Rounds; i++)
        {
            long start = Stopwatch.GetTimestamp();
            await call(i);
            took[i] = Stopwatch.GetElapsedTime(start).TotalMilliseconds;
        }
        Array.Sort(took);
        return took[Rounds / 2];
    }
}
