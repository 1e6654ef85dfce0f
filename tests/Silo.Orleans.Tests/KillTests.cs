using System.Diagnostics;
using System.Globalization;
using System.Text;
using Quota.Silo.Cluster.Forwarding;
using Quota.Silo.Orleans.Tests.Support;
using Quota.Silo.Tests.Support;
using Quota.Silo.Tests.Support.Servers;
using Xunit.Abstractions;

namespace Quota.Silo.Orleans.Tests;

/// <summary>
/// One of three real silos is killed with -9 while callers ask all of them without a pause, and started again. Nothing acknowledged is lost
/// or counted twice, and its keys are answered again soon; with probes and time-outs between silos as they are unless set.
/// </summary>
[Collection(ProcessCollection.Name)]
public sealed class KillTests(ITestOutputHelper output)
{
    private const int Partitions = 64;
    private const int Victim = 1;
    private const int Tight = 100;

    /// <summary>Calls that have to be on their way to the silo's keys when it is killed.</summary>
    private const int InFlightMin = 3;

    /// <summary>
    /// Longest time in which a key of the silo that was killed may be without an answer, beside what a call took before the kill. About two
    /// seconds are meant; the rest is for machines that do other things as well.
    /// </summary>
    private static readonly TimeSpan AnsweredBound = TimeSpan.FromSeconds(6);

    /// <summary>Longest a single call may take: the time-outs between silos (2.5 s) and of the store (8 s) one after the other, and some.</summary>
    private static readonly TimeSpan CallBound = TimeSpan.FromSeconds(15);

    /// <summary>Longest time until the others know that it is dead: two missed probes of a second, likewise.</summary>
    private static readonly TimeSpan DeclaredBound = TimeSpan.FromSeconds(12);

    private static readonly TimeSpan Bound = TimeSpan.FromSeconds(90);

    [DynamoFact]
    public async Task A_kill_under_load_on_dynamodb_loses_and_doubles_nothing_and_its_keys_answer_within_seconds()
    {
        await using ProcessStore store = await ProcessStore.DynamoAsync();
        await RunAsync(store);
    }

    [PostgresFact]
    public async Task A_kill_under_load_on_postgresql_loses_and_doubles_nothing_and_its_keys_answer_within_seconds()
    {
        await using ProcessStore store = await ProcessStore.PostgresAsync();
        await RunAsync(store);
    }

    private async Task RunAsync(ProcessStore store)
    {
        using var folder = new TempFolder();
        string config = Config(folder, store);
        int first = ServerProcess.FreePorts(3);
        Task<OrleansProcess> Start(int i) => OrleansProcess.StartAsync(config, folder.File("data-" + i), "silo-" + i, first + i);
        OrleansProcess[] silos = await Task.WhenAll(Enumerable.Range(0, 3).Select(Start));
        OrleansProcess killed = silos[Victim];
        try
        {
            DateTimeOffset began = DateTimeOffset.UtcNow;
            await Task.WhenAll(silos.Select(s => s.WaitForSilosAsync(3)));
            CallerKey[] keys = Keys(first);
            var load = new ProcessLoad(silos, keys);
            await load.UntilAsync(() => keys.All(k => k.Acknowledged > 5), Bound, "every key allowed");
            await load.UntilAsync(() => load.OnTheirWayTo(Victim) >= InFlightMin, Bound, "checks on their way to the silo that is to be killed");
            (long before, long after) = killed.KillTimed();
            await Task.WhenAll(silos.Where(s => s != killed).Select(s => s.WaitForSilosAsync(2)));
            TimeSpan declared = Stopwatch.GetElapsedTime(before);
            await load.UntilAsync(() => keys.All(k => load.Attempts.Any(a => a.Key == k && a.IsDecided && a.Start > after)), Bound, "every key answered after the kill");
            long restart = Stopwatch.GetTimestamp();
            silos[Victim] = await Start(Victim);
            await Task.WhenAll(silos.Select(s => s.WaitForSilosAsync(3)));
            long back = Stopwatch.GetTimestamp();
            await load.UntilAsync(() => load.Attempts.Count(a => a.Silo == Victim && a.IsDecided && a.Start > back) > 50, Bound, "the silo answering again");
            await load.UntilAsync(() => keys.Where(k => k.Namespace == "tight").All(k => k.Refused > 0), Bound, "every tight key used up");
            await load.StopAsync();
            Assert.Empty(load.GivenUp);
            CheckTimes(load, (before, after, restart), declared);
            await CheckBillAsync(silos, keys, began);
        }
        finally
        {
            foreach (OrleansProcess silo in silos.Append(killed).Distinct())
            {
                silo.Dispose();
            }
        }
    }

    private void CheckTimes(ProcessLoad load, (long Before, long After, long Restart) kill, TimeSpan declared)
    {
        // What callers see of its keys at the silos that are there all the time, until it is started again.
        CallerAttempt[] calls = [.. load.Attempts.Where(a => a.Key.Owner == Victim && a.Silo != Victim && a.Start < kill.Restart)];
        CallerAttempt[] inFlight = [.. calls.Where(a => a.Spans(kill.Before, kill.After))];
        TimeSpan again = calls.Where(a => a.IsDecided && a.Start >= kill.After).GroupBy(a => a.Key).Max(a => Stopwatch.GetElapsedTime(kill.Before, a.Min(c => c.End)));
        TimeSpan longest = calls.Where(a => a.End > kill.After).Max(a => Stopwatch.GetElapsedTime(a.Start, a.End));
        TimeSpan usual = calls.Where(a => a.End <= kill.Before).Max(a => Stopwatch.GetElapsedTime(a.Start, a.End));
        output.WriteLine($"{load.Attempts.Count} calls, {load.Attempts.Count(a => !a.IsDecided)} without an answer");
        output.WriteLine($"{inFlight.Length} calls were on their way to the killed silo's keys at other silos; {calls.Count(a => !a.IsDecided && a.End > kill.After)} calls for them had no answer there");
        output.WriteLine($"each of its keys was answered again within {again.TotalMilliseconds:N0} ms; the longest wait was {longest.TotalMilliseconds:N0} ms (before the kill {usual.TotalMilliseconds:N0} ms); declared dead after {declared.TotalMilliseconds:N0} ms");
        Assert.NotEmpty(inFlight);
        Assert.InRange(again, TimeSpan.Zero, AnsweredBound + usual);
        // On a machine on which a call took longer even before, as long as that.
        Assert.InRange(longest, TimeSpan.Zero, usual > CallBound ? usual : CallBound);
        Assert.InRange(declared, TimeSpan.Zero, DeclaredBound);
    }

    private async Task CheckBillAsync(OrleansProcess[] silos, CallerKey[] keys, DateTimeOffset began)
    {
        foreach (CallerKey key in keys)
        {
            // No lease is open before the bill is read: what is settled while a reading is made may be in neither of its numbers.
            var clock = Stopwatch.StartNew();
            while ((await silos[0].UsageAsync(key.Namespace, key.Name, began)).Unsettled > 0)
            {
                Assert.True(clock.Elapsed < Bound, $"{key.Name} has units that are not settled");
                await Task.Delay(50);
            }
            (long billed, long unsettled) = await silos[0].UsageAsync(key.Namespace, key.Name, began);
            Assert.Equal(0, unsettled);
            output.WriteLine($"{key.Namespace}/{key.Name}: owner {key.Owner}, acknowledged {key.Acknowledged}, without an answer {key.Unknown}, refused {key.Refused}, billed {billed}");
            Assert.InRange(billed, key.Acknowledged, key.Acknowledged + key.Unknown);
            if (key.Namespace == "tight")
            {
                Assert.Equal(Tight, billed);
            }
            Assert.True(!key.HasIds || key.Unknown == 0);
            // The bill does not depend on who is asked.
            Assert.Equal((billed, 0), await silos[Victim].UsageAsync(key.Namespace, key.Name, began));
        }
    }

    /// <summary>Of every kind as many keys per silo: with ids and room, with ids and little room, and without ids.</summary>
    private static CallerKey[] Keys(int firstPort)
    {
        PartitionMember[] members = [.. Enumerable.Range(0, 3).Select(i => new PartitionMember(string.Create(CultureInfo.InvariantCulture, $"127.0.0.1:{firstPort + i}"), i, false))];
        var map = new PartitionMap(Partitions, members);
        return [.. Find("wide", "id", true, 2), .. Find("tight", "tight", true, 1), .. Find("wide", "plain", false, 2)];

        IEnumerable<CallerKey> Find(string ns, string prefix, bool hasIds, int perSilo) => Enumerable.Range(0, 1_000)
            .Select(i => new CallerKey(ns, $"{prefix}-{i}", (int)map.Members[map.OwnerOf(PartitionNumber.Of(Encoding.UTF8.GetBytes(ns), Encoding.UTF8.GetBytes($"{prefix}-{i}"), Partitions))].Handle, hasIds))
            .GroupBy(k => k.Owner)
            .SelectMany(keys => keys.Take(perSilo));
    }

    private static string Config(TempFolder folder, ProcessStore store)
    {
        string file = folder.File("quota.yaml");
        File.WriteAllText(file, $$"""
            server:
              executor: orleans
              partitions: {{Partitions}}
              store:
                {{store.Settings}}
              orleans: { cluster: test, forward_timeout: 2500ms }
            namespaces:
              wide:
                default_plan: p
                plans: { p: { limits: [ { name: month, quota: { amount: 10_000_000, period: month } } ] } }
              tight:
                default_plan: p
                plans: { p: { limits: [ { name: month, quota: { amount: {{Tight}}, period: month } } ] } }
            """);
        return file;
    }
}
