using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace Quota.Soak;

/// <summary>
/// Runs a soak: 1. the silo, 2. the clients, 3. kills at random moments, 4. the clients' tallies, 5. one more kill, so that what is
/// compared is what a restart finds, 6. the comparison. Ends every process it started.
/// </summary>
internal static class SoakDriver
{
    /// <summary>What a client needs, after its time is up, to get everything answered.</summary>
    private static readonly TimeSpan FinishTimeout = Workload.AnswerTimeout + TimeSpan.FromSeconds(60);

    public static async Task<int> RunAsync(SoakOptions options)
    {
        string folder = Directory.CreateTempSubdirectory("quota-soak-").FullName;
        Console.WriteLine($"soak: {options.Seconds} s, {options.Kills} kills, {options.Clients} clients of {options.Rate} steps/s, seed {options.Seed}, files in {folder}");
        bool isEqual = false;
        try
        {
            isEqual = await RunInAsync(folder, options);
        }
        catch (Exception e) when (e is InvalidDataException or TimeoutException or IOException)
        {
            Console.WriteLine("the soak broke off: " + e.Message);
        }
        if (isEqual)
        {
            Directory.Delete(folder, recursive: true);
        }
        Console.WriteLine(isEqual ? "soak: passed" : $"soak: FAILED; the data is kept in {folder}");
        return isEqual ? 0 : 1;
    }

    private static async Task<bool> RunInAsync(string folder, SoakOptions options)
    {
        DateTimeOffset start = DateTimeOffset.UtcNow;
        using var silo = new SiloHandle(folder);
        await silo.StartAsync();
        List<Process> clients = [];
        try
        {
            clients.AddRange(Enumerable.Range(0, options.Clients).Select(i => StartClient(options, silo.Address, i, TallyPath(folder, i))));
            await KillAgainAndAgainAsync(silo, options);
            using var timeout = new CancellationTokenSource(FinishTimeout);
            await Task.WhenAll(clients.Select(c => c.WaitForExitAsync(timeout.Token)));
        }
        catch (OperationCanceledException)
        {
            throw new TimeoutException("a client did not get everything answered");
        }
        finally
        {
            clients.ForEach(End);
        }
        if (silo.HasEnded)
        {
            throw new InvalidDataException("the silo ended by itself");
        }
        silo.Kill();
        await silo.StartAsync();
        var planted = new TallyFile(new() { [Workload.Loaded[^1]] = new KeyTally(new Units(options.Plant, 0, 0), default) }, [], []);
        return await CompareAsync(silo, start, [.. Enumerable.Range(0, options.Clients).Select(i => ReadTally(TallyPath(folder, i))), planted]);
    }

    // One kill in each of equal parts of the time, at a random moment of its middle.
    private static async Task KillAgainAndAgainAsync(SiloHandle silo, SoakOptions options)
    {
        var random = new Random(options.Seed);
        long start = Stopwatch.GetTimestamp();
        double part = (double)options.Seconds / Math.Max(1, options.Kills);
        for (int i = 0; i < options.Kills; i++)
        {
            TimeSpan moment = TimeSpan.FromSeconds((i + 0.15 + (0.7 * random.NextDouble())) * part);
            TimeSpan wait = moment - Stopwatch.GetElapsedTime(start);
            await Task.Delay(wait > TimeSpan.Zero ? wait : TimeSpan.Zero);
            if (silo.HasEnded)
            {
                throw new InvalidDataException("the silo ended by itself");
            }
            silo.Kill();
            double seconds = await silo.StartAsync();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"kill {i + 1} at {Stopwatch.GetElapsedTime(start).TotalSeconds - seconds:F1} s, ready again after {seconds:F1} s"));
        }
    }

    private static async Task<bool> CompareAsync(SiloHandle silo, DateTimeOffset start, TallyFile[] files)
    {
        Dictionary<string, KeyTally> tallies = [];
        SortedDictionary<string, long> events = new(StringComparer.Ordinal);
        foreach (TallyFile file in files)
        {
            foreach ((string key, KeyTally tally) in file.Keys)
            {
                tallies[key] = tallies.GetValueOrDefault(key) + tally;
            }
            foreach ((string what, long times) in file.Events)
            {
                events[what] = events.GetValueOrDefault(what) + times;
            }
        }
        Console.WriteLine("what happened: " + string.Join("; ", events.Select(e => string.Create(CultureInfo.InvariantCulture, $"{e.Key} {e.Value:N0}"))));
        string[] faults = [.. files.SelectMany(f => f.Faults)];
        foreach (string fault in faults)
        {
            Console.WriteLine("FAULT " + fault);
        }
        using var caller = new GrpcCaller(silo.Address);
        var report = new UsageReport(caller, UsageReport.MonthsSince(start));
        await report.WaitForExpiryAsync();
        // At a year's end the counting limits begin anew.
        Comparison comparison = await Comparison.MakeAsync(report, tallies, withCounters: start.Year == DateTimeOffset.UtcNow.Year);
        comparison.Print(Console.Out);
        return comparison.IsEqual && faults.Length == 0 && events.GetValueOrDefault("checks counted") > 0;
    }

    private static string TallyPath(string folder, int client) => Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"client-{client}.json"));

    private static TallyFile ReadTally(string path) =>
        JsonSerializer.Deserialize<TallyFile>(File.ReadAllText(path)) ?? throw new InvalidDataException($"{path} is empty");

    private static Process StartClient(SoakOptions options, string address, int index, string tally)
    {
        string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
        string[] arguments =
        [
            Path.Combine(AppContext.BaseDirectory, "Quota.Soak.dll"), "client", "--address", address, "--index", Text(index), "--seconds", Text(options.Seconds),
            "--rate", Text(options.Rate), "--seed", Text(options.Seed), "--tally", tally,
        ];
        return Process.Start(new ProcessStartInfo("dotnet", arguments)) ?? throw new InvalidDataException("a client did not start");
    }

    private static void End(Process client)
    {
        if (!client.HasExited)
        {
            client.Kill();
            client.WaitForExit();
        }
        client.Dispose();
    }
}
