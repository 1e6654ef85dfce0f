using System.Globalization;
using System.Text;
using Quota.Contracts;
using Quota.Contracts.V1;
using Quota.Silo.Definitions;
using Quota.Silo.Execution;
using Quota.Silo.Store;
using Quota.Silo.Store.Sqlite;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Definitions;

/// <summary>Silos on one store define the same, whichever of them a change came through and whenever they were away.</summary>
public sealed class ClusterDefinitionTests : IAsyncDisposable
{
    private const string Yaml = "namespaces: { shop: { plans: { p: { limits: [] }, q: { limits: [] } } } }";

    private readonly TempFolder _folder = new();
    private readonly MemoryGrainStore _store = new();
    private readonly ManualTime _time = new();
    private readonly List<ClusterSilo> _silos = [];

    public async ValueTask DisposeAsync()
    {
        foreach (ClusterSilo silo in _silos)
        {
            await silo.DisposeAsync();
        }
        _folder.Dispose();
    }

    [Fact]
    public async Task A_change_through_one_silo_is_in_force_on_the_others_with_the_same_version_and_trail()
    {
        ClusterSilo a = await OpenAsync("a"), b = await OpenAsync("b");
        Assert.Equal("namespaces +1 -0 ~0, plans +2 -0 ~0, keys +0 -0 ~0", await a.AdoptAsync(Yaml));
        await b.FollowAsync();
        string etag = (await b.CreateAsync("shop", "bob")).Value!.Key.Etag;
        Assert.Equal(DefinitionErrorCode.AlreadyExists, (await a.CreateAsync("shop", "bob")).Error!.Code);
        Definition key = new() { Key = new Key { Namespace = "shop", Name = "bob", Plan = "q" } };
        string next = (await a.Service.ReplaceAsync(key, etag, "me", default)).Value!.Key.Etag;
        // The silo through which it was made does not know of the second change yet, and refuses the old etag all the same.
        Assert.Equal(DefinitionErrorCode.Stale, (await b.Service.ReplaceAsync(key, etag, "me", default)).Error!.Code);
        Assert.Null((await b.Service.DeleteAsync(DefinitionId.OfKey("shop", "bob"), next, "me", default)).Error);
        await AssertEqualAsync();
    }

    [Fact]
    public async Task Of_two_changes_at_the_same_time_one_is_judged_by_what_the_other_made()
    {
        ClusterSilo a = await OpenAsync("a"), b = await OpenAsync("b");
        await a.AdoptAsync(Yaml);
        // Between the judgement of a and its append, b makes the same key.
        DefinitionResult through = default;
        Once(() => through = b.CreateAsync("shop", "bob").GetAwaiter().GetResult());
        DefinitionResult lost = await a.CreateAsync("shop", "bob");
        Assert.Equal((null, DefinitionErrorCode.AlreadyExists), (through.Error, lost.Error!.Code));
        _store.BeforeCommit = null;
        await AssertEqualAsync();
    }

    [Fact]
    public async Task What_a_change_needs_may_go_while_it_is_made()
    {
        ClusterSilo a = await OpenAsync("a"), b = await OpenAsync("b");
        await a.Service.CreateAsync(new Definition { Namespace = new Namespace { Name = "n" } }, "me", default);
        await a.Service.CreateAsync(new Definition { Plan = new Plan { Namespace = "n", Name = "p" } }, "me", default);
        Once(() => Assert.Null(b.Service.DeleteAsync(DefinitionId.OfPlan("n", "p"), "", "me", default).AsTask().GetAwaiter().GetResult().Error));
        DefinitionError error = (await a.CreateAsync("n", "k")).Error!;
        Assert.Equal(("plan", "there is no plan \"p\" in this namespace"), (error.Field, error.Message));
        await AssertEqualAsync();
    }

    [Fact]
    public async Task A_change_that_is_always_overtaken_gives_up()
    {
        ClusterSilo a = await OpenAsync("a"), b = await OpenAsync("b");
        await a.AdoptAsync(Yaml);
        int others = 0;
        bool isOther = false;
        _store.BeforeCommit = _ =>
        {
            if (!isOther)
            {
                isOther = true;
                Assert.Null(b.CreateAsync("shop", "k" + others++.ToString(CultureInfo.InvariantCulture)).GetAwaiter().GetResult().Error);
                isOther = false;
            }
        };
        Assert.Equal(DefinitionErrorCode.Unavailable, (await a.CreateAsync("shop", "bob")).Error!.Code);
        Assert.Equal(Bounds.ChangeAttemptsMax, others);
        _store.BeforeCommit = null;
        Assert.Null((await a.CreateAsync("shop", "bob")).Error);
        await AssertEqualAsync();
    }

    [Fact]
    public async Task A_process_that_ends_after_the_append_takes_the_change_in_once()
    {
        ClusterSilo a = await OpenAsync("a");
        await a.AdoptAsync(Yaml);
        // As kill -9 would: the log has the change, the replica and the catalog never see it through this process.
        _store.AfterCommit = _ => throw new StoreException("injected");
        Assert.Equal(DefinitionErrorCode.Unavailable, (await a.CreateAsync("shop", "bob")).Error!.Code);
        _store.AfterCommit = null;
        await CloseAsync(a);
        a = await OpenAsync("a");
        Assert.Equal(DefinitionErrorCode.AlreadyExists, (await a.CreateAsync("shop", "bob")).Error!.Code);
        long applied = a.Replica.Applied;
        await CloseAsync(a);
        a = await OpenAsync("a");
        Assert.Equal(applied, a.Replica.Applied);
        await OpenAsync("new");
        await AssertEqualAsync();
    }

    [Fact]
    public async Task A_silo_whose_append_came_to_an_unknown_end_goes_on_without_a_restart()
    {
        ClusterSilo a = await OpenAsync("a");
        await a.AdoptAsync(Yaml);
        _store.AfterCommit = _ => throw new StoreException("injected");
        Assert.NotNull((await a.CreateAsync("shop", "bob")).Error);
        _store.AfterCommit = null;
        await a.FollowAsync();
        Assert.Contains("bob=p", a.InForce(), StringComparison.Ordinal);
        await AssertEqualAsync();
    }

    [Fact]
    public async Task While_the_store_is_away_definitions_are_read_and_not_changed_and_a_start_is_refused()
    {
        ClusterSilo a = await OpenAsync("a");
        await a.AdoptAsync(Yaml);
        _store.IsUnreachable = true;
        Assert.Equal(DefinitionErrorCode.Unavailable, (await a.CreateAsync("shop", "bob")).Error!.Code);
        Assert.NotNull((await a.Service.GetAsync(DefinitionId.OfPlan("shop", "p"), default)).Value);
        Assert.Equal("the store cannot be reached", (await a.Service.CatchUpAsync(default))!.Message);
        Assert.Equal("the store cannot be reached", (await Assert.ThrowsAsync<StoreException>(() => OpenAsync("b"))).Message);
        _store.IsUnreachable = false;
        Assert.Null((await a.CreateAsync("shop", "bob")).Error);
    }

    [Fact]
    public async Task A_batch_of_many_records_arrives_whole_also_after_half_of_one_was_left()
    {
        ClusterSilo a = await OpenAsync("a"), b = await OpenAsync("b");
        await a.AdoptAsync(Yaml);
        int step = 0;
        _store.BeforeCommit = _ =>
        {
            if (++step == 2)
            {
                throw new StoreException("injected");
            }
        };
        Assert.Equal(DefinitionErrorCode.Unavailable, (await ImportLargePlansAsync(a))!.Code);
        _store.BeforeCommit = null;
        // What was left of it is passed over, and the next batch follows it.
        Assert.Null((await b.CreateAsync("shop", "bob")).Error);
        // It may name keys that are erased later, and no erasure would find it.
        foreach ((byte[] _, StoredGrain grain) in await _store.ScanAsync(new byte[] { GrainId.ChangeRecord }, default, 1000, default))
        {
            Assert.DoesNotContain("large", Encoding.Latin1.GetString(grain.State.Span), StringComparison.Ordinal);
        }
        await a.FollowAsync();
        Assert.DoesNotContain("large", a.InForce(), StringComparison.Ordinal);
        Assert.Null(await ImportLargePlansAsync(a));
        await b.FollowAsync();
        Assert.Contains("large1/32 large2/32", b.InForce(), StringComparison.Ordinal);
        await AssertEqualAsync();
    }

    [Fact]
    public async Task An_import_that_others_overtake_is_made_once_and_whole()
    {
        ClusterSilo a = await OpenAsync("a"), b = await OpenAsync("b");
        await a.AdoptAsync(Yaml);
        const int Keys = (2 * Bounds.ChangesPerTransaction) + 5;
        int commits = 0;
        bool isOther = false;
        _store.BeforeCommit = _ =>
        {
            if (!isOther && ++commits % 2 == 0)
            {
                isOther = true;
                Assert.Null(b.CreateAsync("shop", "other" + commits.ToString(CultureInfo.InvariantCulture)).GetAwaiter().GetResult().Error);
                isOther = false;
            }
        };
        long created = 0;
        var import = new DefinitionImport(a.Service, new ChangeRequest(Source.Api, "me", KeepGoing: true), p =>
        {
            created = p.Created;
            return default;
        });
        for (int i = 0; i < Keys; i++)
        {
            Assert.Null(await import.AddAsync(new Definition { Key = new Key { Namespace = "shop", Name = "k" + i.ToString(CultureInfo.InvariantCulture), Plan = i == 7 ? "none" : "p" } }, default));
        }
        Assert.Null(await import.FinishAsync(default));
        _store.BeforeCommit = null;
        Assert.True(commits > 3);
        Assert.Equal(Keys - 1, created);
        await AssertEqualAsync();
        Assert.Equal(Keys - 1 + 2 + 1 + (commits / 2), (await a.StateAsync()).Split('\n').Count(l => l.Contains(" create ", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_data_directory_of_a_silo_by_itself_or_of_another_cluster_is_refused()
    {
        string path = _folder.File("local.db");
        await using (var local = new SqliteDefinitionStore(path))
        {
            await local.ApplyAsync([new DefinitionWrite(DefinitionId.OfNamespace("n"), new byte[] { 1 }, Source.Api, 1, "ada")], default);
        }
        Assert.Contains("holds the definitions of a silo by itself", Assert.Throws<StoreException>(() => new SqliteDefinitionStore(path, ClusterSilo.Cluster)).Message, StringComparison.Ordinal);
        await CloseAsync(await OpenAsync("a"));
        Assert.Contains("of another cluster", Assert.Throws<StoreException>(() => new SqliteDefinitionStore(_folder.File("a"), new byte[16])).Message, StringComparison.Ordinal);
        Assert.Contains("follows the definitions of a cluster", Assert.Throws<StoreException>(() => new SqliteDefinitionStore(_folder.File("a"))).Message, StringComparison.Ordinal);
    }

    /// <summary>Two plans of 2.1 MB each, made together: more records than one transaction of the store takes.</summary>
    private static async Task<DefinitionError?> ImportLargePlansAsync(ClusterSilo silo)
    {
        var import = new DefinitionImport(silo.Service, new ChangeRequest(Source.Api, "me"), _ => default);
        foreach (string name in (string[])["large1", "large2"])
        {
            var plan = new Plan { Namespace = "shop", Name = name };
            for (int l = 0; l < Bounds.LimitsPerPlanMax; l++)
            {
                var limit = new Limit { Name = "l" + l.ToString(CultureInfo.InvariantCulture), Quota = new Contracts.V1.Quota { Amount = 1, Period = Period.Day } };
                for (int m = 0; m < Bounds.MatchConditionsMax; m++)
                {
                    var values = new Values();
                    values.Values_.Add(Enumerable.Range(0, Bounds.MatchConditionsMax).Select(v => v.ToString(CultureInfo.InvariantCulture).PadLeft(Bounds.AttributeValueBytesMax, 'x')));
                    limit.Match.Add("m" + m.ToString(CultureInfo.InvariantCulture), values);
                }
                plan.Limits.Add(limit);
            }
            Assert.Null(await import.AddAsync(new Definition { Plan = plan }, default));
        }
        return await import.FinishAsync(default);
    }

    private async Task<ClusterSilo> OpenAsync(string name)
    {
        ClusterSilo silo = await ClusterSilo.OpenAsync(_store, _folder.File(name), _time, name);
        _silos.Add(silo);
        return silo;
    }

    private async Task CloseAsync(ClusterSilo silo)
    {
        _silos.Remove(silo);
        await silo.DisposeAsync();
    }

    /// <summary>Runs something before the next commit.</summary>
    private void Once(Action action) => _store.BeforeCommit = _ =>
    {
        _store.BeforeCommit = null;
        action();
    };

    /// <summary>All silos agree, on disk and in force, and so does a new one, and one that is started again.</summary>
    private async Task AssertEqualAsync()
    {
        ClusterSilo fresh = await OpenAsync("fresh" + _silos.Count.ToString(CultureInfo.InvariantCulture));
        string state = await fresh.StateAsync();
        foreach (ClusterSilo silo in _silos)
        {
            await silo.FollowAsync();
            Assert.Equal(state, await silo.StateAsync());
            Assert.Equal(fresh.InForce(), silo.InForce());
        }
    }
}
