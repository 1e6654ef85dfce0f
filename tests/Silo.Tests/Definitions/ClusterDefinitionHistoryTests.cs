using System.Diagnostics;
using System.Globalization;
using Quota.Contracts.V1;
using Quota.Silo.Definitions;
using Quota.Silo.Store;
using Quota.Silo.Tests.Support;
using Xunit.Abstractions;

namespace Quota.Silo.Tests.Definitions;

/// <summary>Random histories of several silos that overtake each other, lose the store in the middle of a change, stop and come back.</summary>
public sealed class ClusterDefinitionHistoryTests(ITestOutputHelper output)
{
    private static readonly string[] Names = ["k0", "k1", "k2", "k3", "k4"];

    private const int SeedsDefault = 100;

    /// <summary>QUOTA_HISTORY_SEEDS runs more of them, QUOTA_HISTORY_SEED a single one.</summary>
    [Fact]
    public async Task All_silos_end_with_the_same_definitions_and_trail()
    {
        int single = Number("QUOTA_HISTORY_SEED", 0);
        int count = single > 0 ? single : Number("QUOTA_HISTORY_SEEDS", SeedsDefault);
        var clock = Stopwatch.StartNew();
        var failures = new List<string>();
        for (int seed = Math.Max(1, single); seed <= count; seed++)
        {
            try
            {
                await RunAsync(seed);
            }
            catch (Exception e)
            {
                failures.Add($"seed {seed}: {e.Message}");
            }
        }
        output.WriteLine($"seeds to {count} in {clock.ElapsedMilliseconds} ms");
        Assert.True(failures.Count == 0, $"{failures.Count} failed:\n{string.Join('\n', failures)}");
    }

    private static int Number(string name, int otherwise) =>
        int.TryParse(Environment.GetEnvironmentVariable(name), CultureInfo.InvariantCulture, out int number) ? number : otherwise;

    private static async Task RunAsync(int seed)
    {
        var random = new Random(seed);
        using var folder = new TempFolder();
        var store = new MemoryGrainStore();
        var time = new ManualTime();
        var silos = new List<ClusterSilo>();
        for (int i = 0; i < 3; i++)
        {
            silos.Add(await ClusterSilo.OpenAsync(store, folder.File("s" + i), time, "s" + i));
        }
        await silos[0].AdoptAsync("namespaces: { n: { plans: { p: { limits: [] }, q: { limits: [] } } } }");
        int depth = 0, which = 0;
        store.BeforeCommit = _ =>
        {
            // Another silo gets in between the judgement and the append; now and then the store fails instead.
            if (depth == 0 && random.Next(3) == 0)
            {
                depth++;
                StepAsync(silos[(which + 1 + random.Next(silos.Count - 1)) % silos.Count], random).GetAwaiter().GetResult();
                depth--;
            }
            if (random.Next(10) == 0)
            {
                throw new StoreException("injected before");
            }
        };
        store.AfterCommit = _ =>
        {
            if (random.Next(10) == 0)
            {
                throw new StoreException("injected after");
            }
        };
        for (int step = 0; step < 150; step++)
        {
            time.AdvanceMs(random.Next(3));
            which = random.Next(silos.Count);
            await StepAsync(silos[which], random);
            if (random.Next(20) == 0)
            {
                await silos[which].DisposeAsync();
                silos[which] = await ClusterSilo.OpenAsync(store, folder.File("s" + which), time, "s" + which);
            }
        }
        (store.BeforeCommit, store.AfterCommit) = (null, null);
        Assert.Empty(await silos[0].Service.ResumeErasuresAsync(default));
        silos.Add(await ClusterSilo.OpenAsync(store, folder.File("fresh"), time, "fresh"));
        string state = await silos[^1].StateAsync();
        foreach (ClusterSilo silo in silos)
        {
            await silo.FollowAsync();
            Assert.Equal(state, await silo.StateAsync());
            Assert.Equal(silos[^1].InForce(), silo.InForce());
        }
        foreach (ClusterSilo silo in silos)
        {
            await silo.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_silo_that_starts_with_nothing_has_every_key()
    {
        const int Keys = 100_000;
        using var folder = new TempFolder();
        var store = new MemoryGrainStore();
        var time = new ManualTime();
        await using (ClusterSilo first = await ClusterSilo.OpenAsync(store, folder.File("a"), time))
        {
            await first.AdoptAsync("namespaces: { n: { plans: { p: { limits: [] } } } }");
            var import = new DefinitionImport(first.Service, new ChangeRequest(Source.Api, "me"), _ => default);
            for (int i = 0; i < Keys; i++)
            {
                await import.AddAsync(new Definition { Key = new Key { Namespace = "n", Name = "key-" + i.ToString("d8", CultureInfo.InvariantCulture), Plan = "p" } }, default);
            }
            Assert.Null(await import.FinishAsync(default));
        }
        var clock = Stopwatch.StartNew();
        await using ClusterSilo fresh = await ClusterSilo.OpenAsync(store, folder.File("b"), time);
        output.WriteLine($"{Keys} keys from {store.Count} records in {clock.ElapsedMilliseconds} ms");
        Assert.Equal(Keys, fresh.Service.Catalog.Namespaces.Find("n")!.Keys.Count);
    }

    private static async Task StepAsync(ClusterSilo silo, Random random)
    {
        string name = Names[random.Next(Names.Length)];
        DefinitionId id = DefinitionId.OfKey("n", name);
        string parent = random.Next(3) == 0 ? Names[random.Next(Names.Length)] : "";
        var key = new Definition { Key = new Key { Namespace = "n", Name = name, Plan = random.Next(2) == 0 ? "p" : "q", Parent = parent, Note = random.Next(1000).ToString(CultureInfo.InvariantCulture) } };
        switch (random.Next(7))
        {
            case 0 or 1:
                await silo.Service.CreateAsync(key, "ada", default);
                break;
            case 2 or 3:
                await silo.Service.ReplaceAsync(key, "", "ada", default);
                break;
            case 4:
                await silo.Service.DeleteAsync(id, "", "ada", default);
                break;
            case 5:
                await silo.Service.EraseAsync(id, "desk", default);
                break;
            default:
                await silo.Service.CatchUpAsync(default);
                break;
        }
    }
}
