using System.Diagnostics;
using System.Globalization;
using Quota.Chaos.Running;

namespace Quota.Chaos.Faults;

/// <summary>
/// Random faults on three silos under load: 1. silos and clients; 2. one fault after the other; 3. everything back, the clients' open
/// calls answered; 4. nothing unsettled any more; 5. what is billed of each key against the clients' books, at every silo.
/// </summary>
internal static class FaultRun
{
    public static async Task<int> RunAsync(ChaosOptions options)
    {
        string folder = Directory.CreateTempSubdirectory("quota-chaos-").FullName;
        bool isRight = false;
        try
        {
            await using ChaosStore store = await ChaosStore.StartAsync(options.Store);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"chaos faults: {options.Executor} on {store.Name}, {options.Faults} faults, {options.Rate} calls/s, seed {options.Seed}; files in {folder}"));
            await using ChaosCluster cluster = await ChaosCluster.StartAsync(new ClusterPlan(folder, "chaos", Workload.Configuration()) { Store = store, Executor = options.Executor });
            isRight = await RunAsync(cluster, options);
        }
        catch (Exception e) when (e is InvalidDataException or TimeoutException or IOException or InvalidOperationException or HttpRequestException)
        {
            Console.WriteLine("the run broke off: " + e.Message);
        }
        if (isRight)
        {
            Directory.Delete(folder, recursive: true);
        }
        Console.WriteLine(isRight ? "chaos faults: passed" : $"chaos faults: FAILED; files are kept in {folder}");
        return isRight ? 0 : 1;
    }

    private static async Task<bool> RunAsync(ChaosCluster cluster, ChaosOptions options)
    {
        DateTimeOffset start = DateTimeOffset.UtcNow;
        var callers = new Callers(cluster, options);
        using var stop = new CancellationTokenSource();
        Task calling = callers.RunAsync(stop.Token);
        try
        {
            await HappenAsync(cluster, callers, options);
        }
        finally
        {
            await stop.CancelAsync();
            await calling;
        }
        cluster.CheckAlive();
        callers.BookOf("leased", Workload.WithIds[0]).Counted(options.Plant);
        var usage = new UsageReader(cluster, start);
        TimeSpan settled = await usage.WaitUntilSettledAsync(0, [.. callers.Books.Keys]);
        Console.WriteLine("calls: " + string.Join("; ", callers.Events.Select(e => string.Create(CultureInfo.InvariantCulture, $"{e.Key} {e.Value:N0}"))));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"nothing unsettled after {settled.TotalSeconds:0.0} s"));
        foreach (string fault in callers.Faults)
        {
            Console.WriteLine("FAULT " + fault);
        }
        bool isEqual = true;
        for (int silo = 0; silo < cluster.Silos.Length; silo++)
        {
            isEqual &= await CompareAsync(usage, silo, callers);
        }
        return isEqual && callers.Faults.IsEmpty && callers.Decided > 0;
    }

    private static async Task HappenAsync(ChaosCluster cluster, Callers callers, ChaosOptions options)
    {
        var random = new Random(options.Seed);
        List<Fault> kinds = Fault.For(cluster.Store!, options.Away);
        var next = new Queue<Fault>();
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < options.Faults; i++)
        {
            if (next.Count == 0)
            {
                // Each kind once before any again.
                Fault[] shuffled = [.. kinds];
                random.Shuffle(shuffled);
                next = new Queue<Fault>(shuffled);
            }
            Fault fault = next.Dequeue();
            await Task.Delay(TimeSpan.FromSeconds(0.5 + random.NextDouble()));
            cluster.CheckAlive();
            Dictionary<string, long> before = callers.Snapshot();
            double at = Stopwatch.GetElapsedTime(start).TotalSeconds;
            string what = await fault.HappensAsync(cluster, random);
            string seen = string.Join(", ", callers.Snapshot().OrderBy(e => e.Key, StringComparer.Ordinal).Select(e => (e.Key, Times: e.Value - before.GetValueOrDefault(e.Key))).Where(e => e.Times > 0).Select(e => $"{e.Key} {e.Times}"));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{at,6:0.0} s  {i + 1}. {fault.Name}: {what}, over at {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s; meanwhile {seen}"));
        }
        await Task.Delay(TimeSpan.FromSeconds(1));
    }

    private static async Task<bool> CompareAsync(UsageReader usage, int silo, Callers callers)
    {
        bool isEqual = true;
        long lost = 0, surplus = 0, least = 0, most = 0, billed = 0, exact = 0;
        foreach (string owner in Workload.Namespaces)
        {
            (long Least, long Most) family = default;
            foreach (((string _, string key), Book book) in callers.Books.Where(b => b.Key.Namespace == owner).OrderBy(b => b.Key.Key, StringComparer.Ordinal))
            {
                family = key.StartsWith("child", StringComparison.Ordinal) ? (family.Least + book.Units.Least, family.Most + book.Units.Most) : family;
                (least, most) = (least + book.Units.Least, most + book.Units.Most);
                long units = await CompareAsync(owner, key, book.Units);
                billed += units;
                if (Workload.WithIds.Contains(key))
                {
                    exact += units;
                    // Nothing refuses on these keys, so nothing may be open in their books.
                    isEqual &= book.Units.Least == book.Units.Most;
                }
            }
            await CompareAsync(owner, Workload.Parent, family);
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"silo-{silo + 1}: billed {billed:N0} units, {exact:N0} of them on keys that are asked with request ids only, where the books are exact; the clients' books say {least:N0}{(most > least ? $" to {most:N0}" : "")}; lost units: {lost}; double-counted units: {surplus}"));
        return isEqual;

        async Task<long> CompareAsync(string owner, string key, (long Least, long Most) book)
        {
            (long billable, long unsettled) = await usage.ReadAsync(silo, owner, key);
            lost += Math.Max(0, book.Least - billable);
            surplus += Math.Max(0, billable - book.Most);
            bool isRight = billable >= book.Least && billable <= book.Most && unsettled == 0;
            isEqual &= isRight;
            if (!isRight)
            {
                Console.WriteLine($"FAULT {owner}/{key}: billed {billable}, books {book.Least} to {book.Most}, unsettled {unsettled}");
            }
            return billable;
        }
    }
}
