using System.Text;
using Quota.Contracts.V1;
using Quota.Silo.Definitions;
using Quota.Silo.Execution;
using Quota.Silo.Store;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Definitions;

/// <summary>An erased key is named nowhere in a cluster: not in the log, not in any replica, whenever its silo was away.</summary>
public sealed class ClusterErasureTests : IAsyncDisposable
{
    private const string Name = "alice.personal";

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

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    public async Task Every_replica_forgets_the_name_wherever_it_had_come(int behind)
    {
        ClusterSilo a = await OpenAsync("a"), b = await OpenAsync("b"), late = await OpenAsync("late");
        Assert.Null((await a.Service.CreateAsync(new Definition { Namespace = new Namespace { Name = "shop" } }, "me", default)).Error);
        Func<Task>[] steps =
        [
            async () => Assert.Null((await a.Service.CreateAsync(new Definition { Plan = new Plan { Namespace = "shop", Name = "p" } }, "me", default)).Error),
            () => PutAsync(a, Name, "", isNew: true),
            () => PutAsync(b, "child", Name, isNew: true),
            () => PutAsync(a, Name, "", isNew: false),
            () => PutAsync(b, "child", "", isNew: false),
        ];
        for (int i = 0; i < steps.Length; i++)
        {
            if (i == behind)
            {
                await late.FollowAsync();
            }
            await steps[i]();
        }
        if (behind == steps.Length)
        {
            await late.FollowAsync();
        }
        (string? pseudonym, DefinitionError? error) = await a.Service.EraseAsync(DefinitionId.OfKey("shop", Name), "desk", default);
        Assert.Null(error);
        Assert.Equal([$"{Name} -> {pseudonym}"], a.Eraser.Erased);
        await AssertForgottenAsync();
        // The name may be used again, and is another key.
        Assert.Null((await b.CreateAsync("shop", Name)).Error);
        await AssertEqualAsync();
    }

    [Fact]
    public async Task Another_silo_completes_an_erasure_that_was_begun()
    {
        ClusterSilo a = await OpenAsync("a"), b = await OpenAsync("b");
        await DefineAsync(a);
        a.Eraser.Refusal = "injected";
        Assert.Equal(DefinitionErrorCode.Unavailable, (await a.Service.EraseAsync(DefinitionId.OfKey("shop", Name), "desk", default)).Error!.Code);
        Assert.Empty(await b.Service.ResumeErasuresAsync(default));
        Assert.Equal(a.Eraser.Erased, b.Eraser.Erased);
        await AssertForgottenAsync();
        Assert.Empty(await a.Service.ResumeErasuresAsync(default));
        Assert.Single(a.Eraser.Erased);
    }

    [Fact]
    public async Task An_erasure_that_stops_while_the_log_is_rewritten_is_completed_by_a_repeat()
    {
        ClusterSilo a = await OpenAsync("a");
        await DefineAsync(a);
        for (int fail = 2; fail <= 4; fail++)
        {
            int commits = 0;
            _store.BeforeCommit = _ =>
            {
                if (++commits == (fail == 2 ? 2 : fail - 2))
                {
                    throw new StoreException("injected");
                }
            };
            Assert.Equal(DefinitionErrorCode.Unavailable, (await a.Service.EraseAsync(DefinitionId.OfKey("shop", Name), "desk", default)).Error!.Code);
            await OpenAsync("between" + fail);
        }
        _store.BeforeCommit = null;
        Assert.Null((await a.Service.EraseAsync(DefinitionId.OfKey("shop", Name), "desk", default)).Error);
        Assert.Single(a.Eraser.Erased.Distinct());
        await AssertForgottenAsync();
    }

    [Fact]
    public async Task A_name_in_a_batch_of_many_records_is_forgotten()
    {
        ClusterSilo a = await OpenAsync("a"), behind = await OpenAsync("behind");
        await DefineAsync(a);
        await behind.FollowAsync();
        var import = new DefinitionImport(a.Service, new ChangeRequest(Source.Api, "me"), _ => default);
        for (int i = 0; i < 900; i++)
        {
            await import.AddAsync(new Definition { Key = new Key { Namespace = "shop", Name = i == 450 ? Name : $"key-{i}", Plan = "p", Note = new string('n', 900) } }, default);
        }
        Assert.Null(await import.FinishAsync(default));
        Assert.Null((await a.Service.EraseAsync(DefinitionId.OfKey("shop", Name), "desk", default)).Error);
        await AssertForgottenAsync();
    }

    [Fact]
    public async Task A_key_that_is_defined_again_while_its_erasure_is_under_way_is_another_one()
    {
        ClusterSilo a = await OpenAsync("a"), b = await OpenAsync("b");
        await DefineAsync(a);
        a.Eraser.Refusal = "injected";
        Assert.Equal(DefinitionErrorCode.Unavailable, (await a.Service.EraseAsync(DefinitionId.OfKey("shop", Name), "desk", default)).Error!.Code);
        Assert.Null((await b.CreateAsync("shop", Name)).Error);
        Assert.Equal([Name], b.Eraser.Released);
        (string? pseudonym, DefinitionError? error) = await b.Service.EraseAsync(DefinitionId.OfKey("shop", Name), "desk", default);
        Assert.Null(error);
        Assert.Equal(2, b.Eraser.Erased.Count);
        Assert.Equal($"{Name} -> {pseudonym}", b.Eraser.Erased[1]);
        Assert.Equal(a.Eraser.Erased[0], b.Eraser.Erased[0]);
        await AssertForgottenAsync();
        Assert.Equal(DefinitionErrorCode.Invalid, (await b.Service.EraseAsync(DefinitionId.OfKey("shop", pseudonym!), "desk", default)).Error!.Code);
    }

    private static async Task DefineAsync(ClusterSilo silo)
    {
        Assert.Null((await silo.Service.CreateAsync(new Definition { Namespace = new Namespace { Name = "shop" } }, "me", default)).Error);
        Assert.Null((await silo.Service.CreateAsync(new Definition { Plan = new Plan { Namespace = "shop", Name = "p" } }, "me", default)).Error);
        await PutAsync(silo, Name, "", isNew: true);
    }

    private static async Task PutAsync(ClusterSilo silo, string name, string parent, bool isNew)
    {
        var key = new Key { Namespace = "shop", Name = name, Plan = "p", Parent = parent, Note = isNew ? "call her" : "called" };
        key.Labels.Add("customer", "cust-77");
        var definition = new Definition { Key = key };
        Assert.Null((isNew ? await silo.Service.CreateAsync(definition, "me", default) : await silo.Service.ReplaceAsync(definition, "", "me", default)).Error);
    }

    private async Task AssertForgottenAsync()
    {
        await AssertEqualAsync();
        foreach (byte kind in new[] { GrainId.ChangeRecord, GrainId.ErasureRecord })
        {
            foreach ((byte[] id, StoredGrain grain) in await _store.ScanAsync(new byte[] { kind }, default, 1000, default))
            {
                Assert.DoesNotContain(Name, Encoding.Latin1.GetString(id) + Encoding.Latin1.GetString(grain.State.Span), StringComparison.Ordinal);
            }
        }
        string hex = Convert.ToHexString(Encoding.UTF8.GetBytes(Name));
        foreach (ClusterSilo silo in _silos)
        {
            string state = await silo.StateAsync();
            Assert.DoesNotContain(Name, state, StringComparison.Ordinal);
            Assert.DoesNotContain(hex, state, StringComparison.Ordinal);
            Assert.DoesNotContain(Name, silo.InForce(), StringComparison.Ordinal);
        }
    }

    private async Task AssertEqualAsync()
    {
        string state = await (await OpenAsync("fresh" + _silos.Count)).StateAsync();
        foreach (ClusterSilo silo in _silos)
        {
            await silo.FollowAsync();
            Assert.Equal(state, await silo.StateAsync());
            Assert.Equal(_silos[0].InForce(), silo.InForce());
        }
    }

    private async Task<ClusterSilo> OpenAsync(string name)
    {
        ClusterSilo silo = await ClusterSilo.OpenAsync(_store, _folder.File(name), _time, name);
        _silos.Add(silo);
        return silo;
    }
}
