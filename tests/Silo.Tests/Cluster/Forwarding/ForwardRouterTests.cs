using System.Text;
using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Model;
using Quota.Silo.Catalog;
using Quota.Silo.Cluster.Forwarding;
using Quota.Silo.Execution.Local;
using Quota.Silo.Limiting;
using Quota.Silo.Protocols.Headers;
using Quota.Silo.Protocols.Native;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Cluster.Forwarding;

public sealed class ForwardRouterTests
{
    private const int Amount = 500;
    private static readonly PlanModel Limited = new("p", [LimitModel.FixedWindow("burst", Amount, 3600_000_000_000)]);

    [Fact]
    public async Task Checks_of_one_key_through_all_silos_count_together_exactly()
    {
        using ForwardingCluster cluster = Create();
        await cluster.OpenAsync();
        string key = cluster.KeyOf("silo-1");
        int allowed = 0;
        await Task.WhenAll(cluster.Silos.SelectMany(s => Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            for (int i = 0; i < 100; i++)
            {
                Decision decision = await CheckAsync(s.Limiter, key);
                Assert.Equal(DecisionStatus.Decided, decision.Status);
                Interlocked.Add(ref allowed, decision.Allowed ? 1 : 0);
            }
        }))));
        Assert.Equal(Amount, allowed);
        Assert.NotEmpty(cluster.Transport.Sent);
        Assert.All(cluster.Transport.Sent, s => Assert.Equal("silo-1", s.Silo));
    }

    [Fact]
    public async Task Checks_that_begin_together_leave_as_few_batches()
    {
        using ForwardingCluster cluster = Create();
        await cluster.OpenAsync();
        string key = cluster.KeyOf("silo-2");
        Decision[] decisions = [.. Enumerable.Range(0, 400).Select(_ => Begin(cluster.Silos[0].Limiter, key))];
        foreach (Decision decision in decisions)
        {
            await cluster.Silos[0].Limiter.CompleteAsync(decision);
        }
        Assert.All(decisions, d => Assert.True(d.Allowed));
        Assert.InRange(cluster.Transport.Sent.Count, 1, 100);
    }

    [Fact]
    public async Task What_a_silo_owns_is_not_sent()
    {
        using ForwardingCluster cluster = Create();
        await cluster.OpenAsync();
        Assert.True((await CheckAsync(cluster.Silos[1].Limiter, cluster.KeyOf("silo-1"))).Allowed);
        Assert.Empty(cluster.Transport.Sent);
    }

    [Fact]
    public async Task A_forwarded_answer_says_the_same_as_the_owners()
    {
        var owner = new TestLimiter();
        CatalogModel catalog = Catalogs.Of("acme", [TestLimiter.Plan]);
        using ForwardingCluster cluster = Create(catalog, owner);
        await cluster.OpenAsync();
        foreach (string prefix in (string[])["some", "deny", "never", "unknown", "unknown-denied", "disabled", "unavailable", "overloaded", "wide", "child", "child-deny", "deep", "repeat"])
        {
            string key = cluster.KeyOf("silo-1", prefix + "-");
            Decision expected = owner.Check("acme", key);
            Decision actual = await CheckAsync(cluster.Silos[0].Limiter, key, "route", "/v1");
            Assert.Equal(Text(expected), Text(actual));
            Assert.Equal((expected.Status, expected.ErrorField, expected.ErrorMessage, expected.At), (actual.Status, actual.ErrorField, actual.ErrorMessage, actual.At));
            Assert.Equal($"acme/{key} cost=1 plan= id= attributes=1 route=/v1", owner.Last);
        }
        Assert.True(cluster.Transport.Sent.Count >= 13);
    }

    [Fact]
    public async Task Everything_a_check_says_reaches_the_owner()
    {
        var owner = new TestLimiter();
        var plan = new PlanModel("gold", [LimitModel.FixedWindow("t", 7, 1_000_000_000, unit: "tokens")]);
        using ForwardingCluster cluster = Create(Catalogs.Of("acme", [TestLimiter.WidePlan, plan]), owner);
        await cluster.OpenAsync();
        string key = cluster.KeyOf("silo-1");
        var decision = new Decision();
        Reserve(cluster.Silos[0].Limiter, key, decision);
        await cluster.Silos[0].Limiter.CompleteAsync(decision);
        Assert.Equal($"acme/{key} cost=3 plan=gold id=id-1 attributes=2 route=/v1 method=GET tokens:77 peek ttl=5000 cancel", owner.Last);
        Assert.Equal(new ReservationHandle(UInt128.One, TestLimiter.NowMs + 5000), decision.Reservation);

        static void Reserve(Limiter limiter, string key, Decision decision)
        {
            byte[] buffer = "route/v1methodGETtokens"u8.ToArray();
            var request = new CheckRequest
            {
                Namespace = "acme"u8,
                Key = Encoding.UTF8.GetBytes(key),
                Cost = 3,
                Plan = "gold"u8,
                RequestId = "id-1"u8,
                IsPeek = true,
                Named = new NamedCosts(buffer, new NamedCost[] { new(17, 6, 77) }),
                Attributes = new AttributeSet(buffer, new AttributeRange[] { new(0, 5, 5, 3), new(8, 6, 14, 3) }),
            };
            limiter.Reserve(request, new ReservationTerms(5000, false), limiter.Now(), decision);
        }
    }

    [Fact]
    public async Task A_check_that_was_not_sent_is_decided_here()
    {
        using ForwardingCluster cluster = Create(unreachable: ["silo-1"]);
        await cluster.OpenAsync();
        string key = cluster.KeyOf("silo-1");
        for (int i = 0; i < 10; i++)
        {
            Assert.True((await CheckAsync(cluster.Silos[0].Limiter, key)).Allowed);
        }
        Assert.Empty(cluster.Transport.Sent);
    }

    [Theory]
    [InlineData(FailurePolicy.Error, DecisionStatus.Unavailable, false)]
    [InlineData(FailurePolicy.Allow, DecisionStatus.Decided, true)]
    [InlineData(FailurePolicy.Deny, DecisionStatus.Decided, false)]
    public async Task A_check_whose_owner_does_not_answer_is_what_the_failure_policy_says(FailurePolicy policy, DecisionStatus status, bool allowed)
    {
        using ForwardingCluster cluster = Create(Catalogs.Of("acme", [Limited], onFailure: policy));
        await cluster.OpenAsync();
        cluster.Transport.Mute["silo-1"] = true;
        string key = cluster.KeyOf("silo-1");
        Decision lost = await CheckAsync(cluster.Silos[0].Limiter, key);
        Assert.Equal((status, allowed), (lost.Status, lost.Allowed));
        Assert.Equal(policy == FailurePolicy.Error ? DecisionReason.None : DecisionReason.FailurePolicy, lost.Reason);
        // What is lost was counted by the owner; once the lane is closed, the next is decided here.
        Decision next;
        int lostToo = -1;
        do
        {
            next = await CheckAsync(cluster.Silos[0].Limiter, key);
            lostToo++;
        }
        while (next.Results.Length == 0 && lostToo < 10);
        Assert.Equal(Amount - 2 - lostToo, next.Results[0].Remaining);
    }

    [Fact]
    public async Task A_check_with_a_request_id_is_decided_once_although_its_answer_was_lost()
    {
        using ForwardingCluster cluster = Create();
        await cluster.OpenAsync();
        cluster.Transport.Mute["silo-1"] = true;
        string key = cluster.KeyOf("silo-1");
        Decision lost = await CheckAsync(cluster.Silos[0].Limiter, key, requestId: "id-1");
        Assert.True(lost.Allowed);
        Assert.True(lost.IsRepeat);
        Assert.Equal(Amount - 1, lost.Results[0].Remaining);
        Assert.Equal(Amount - 2, (await CheckAsync(cluster.Silos[2].Limiter, cluster.KeyOf("silo-1"), requestId: "id-2")).Results[0].Remaining);
    }

    [Fact]
    public async Task A_peek_whose_answer_was_lost_is_answered_here()
    {
        using ForwardingCluster cluster = Create();
        await cluster.OpenAsync();
        cluster.Transport.Mute["silo-1"] = true;
        Decision peek = await CheckAsync(cluster.Silos[0].Limiter, cluster.KeyOf("silo-1"), isPeek: true);
        Assert.True(peek.Allowed);
        Assert.Equal(Amount, peek.Results[0].Remaining);
    }

    [Fact]
    public async Task An_owner_that_takes_too_long_is_not_waited_for()
    {
        using ForwardingCluster cluster = Create(timeoutMs: 50);
        await cluster.OpenAsync();
        var held = new TaskCompletionSource();
        cluster.Transport.Held["silo-1"] = held.Task;
        string key = cluster.KeyOf("silo-1");
        Assert.Equal(DecisionStatus.Unavailable, (await CheckAsync(cluster.Silos[0].Limiter, key).WaitAsync(TimeSpan.FromSeconds(20))).Status);
        held.SetResult();
    }

    [Fact]
    public async Task A_lane_opens_again_when_its_owner_answers()
    {
        using ForwardingCluster cluster = Create();
        await cluster.OpenAsync();
        string key = cluster.KeyOf("silo-1");
        cluster.Transport.Unreachable["silo-1"] = true;
        await CheckAsync(cluster.Silos[0].Limiter, key);
        Assert.Single(cluster.Transport.Sent);
        await CheckAsync(cluster.Silos[0].Limiter, key);
        Assert.Single(cluster.Transport.Sent);
        cluster.Transport.Unreachable.Clear();
        await cluster.OpenAsync();
        await CheckAsync(cluster.Silos[0].Limiter, key);
        Assert.Equal(2, cluster.Transport.Sent.Count);
    }

    [Fact]
    public async Task A_silo_that_has_been_replaced_as_owner_does_nothing()
    {
        using ForwardingCluster cluster = Create();
        await cluster.OpenAsync();
        string key = cluster.KeyOf("silo-1");
        int partition = PartitionNumber.Of("acme"u8, Encoding.UTF8.GetBytes(key), ForwardingCluster.Partitions);
        // Another silo took the partition, and silo-0 has heard of it; silo-1 has not.
        cluster.Silos[0].Router.Epochs.Learn(partition, 2);
        Assert.True(cluster.Silos[1].Hosting.IsHosted(partition));
        Decision decision = await CheckAsync(cluster.Silos[0].Limiter, key);
        Assert.Equal(Amount - 1, decision.Results[0].Remaining);
        Assert.False(cluster.Silos[1].Hosting.IsHosted(partition));
        cluster.Silos[1].Hosting.Host(partition, 3);
        Assert.Equal(Amount - 2, (await CheckAsync(cluster.Silos[0].Limiter, key)).Results[0].Remaining);
        Assert.Equal(3, cluster.Silos[0].Router.Epochs[partition]);
    }

    [Fact]
    public async Task A_silo_of_a_later_version_is_answered_that_nothing_was_done()
    {
        var hosting = new PartitionHosting(new PartitionEpochTable(8));
        var server = new ForwardedBatchServer(new TestLimiter(), hosting);
        ReadOnlyMemory<byte> answer = await server.AnswerAsync(new byte[] { ForwardedCheck.Version + 1, 0, 0, 0, 1, 0, 0, 0 });
        Assert.Equal("0101000000000000", Convert.ToHexString(answer.Span));
        using ForwardingCluster cluster = Create();
        cluster.Transport.Add("silo-1", _ => new(answer));
        await cluster.OpenAsync();
        Assert.True((await CheckAsync(cluster.Silos[0].Limiter, cluster.KeyOf("silo-1"))).Allowed);
        Assert.Single(cluster.Transport.Sent);
    }

    [Fact]
    public async Task An_owner_that_leaves_the_map_is_asked_no_more()
    {
        using ForwardingCluster cluster = Create();
        await cluster.OpenAsync();
        string key = cluster.KeyOf("silo-1");
        ForwardRouter router = cluster.Silos[0].Router;
        router.Follow(new PartitionMap(ForwardingCluster.Partitions, router.Map.Members.Where(m => m.Name == "silo-0")), cluster.Transport);
        Assert.True((await CheckAsync(cluster.Silos[0].Limiter, key)).Allowed);
        Assert.Empty(cluster.Transport.Sent);
    }

    [Fact]
    public async Task A_lane_that_is_full_decides_here()
    {
        using ForwardingCluster cluster = Create(Catalogs.Of("acme", [new PlanModel("p", [LimitModel.FixedWindow("burst", 1_000_000, 3600_000_000_000)])]));
        await cluster.OpenAsync();
        var held = new TaskCompletionSource();
        cluster.Transport.Held["silo-1"] = held.Task;
        string key = cluster.KeyOf("silo-1");
        int most = Bounds.ForwardBatchChecksMax * (Bounds.ForwardCallsPerOwnerMax + 1);
        Decision[] decisions = [.. Enumerable.Range(0, most + 50).Select(_ => Begin(cluster.Silos[0].Limiter, key))];
        Assert.Contains(decisions, d => d.Elsewhere is null);
        held.SetResult();
        foreach (Decision decision in decisions)
        {
            await cluster.Silos[0].Limiter.CompleteAsync(decision);
            Assert.True(decision.Allowed);
        }
        Assert.Equal(1_000_000 - decisions.Length, (await CheckAsync(cluster.Silos[1].Limiter, key, isPeek: true)).Results[0].Remaining);
    }

    private static ForwardingCluster Create(CatalogModel? catalog = null, ILimiter? owner = null, int timeoutMs = 10_000, string[]? unreachable = null) =>
        new(3, catalog ?? Catalogs.Of("acme", [Limited]), new LocalExecutor(new KeyTable(new LayoutRegistry(), 10_000), new MemoryJournal(), null), owner, timeoutMs, unreachable);

    private static string Text(Decision decision)
    {
        if (decision.Status != DecisionStatus.Decided)
        {
            return decision.Status.ToString();
        }
        byte[] target = new byte[256 * 1024];
        var options = new CheckOptions { Headers = HeaderDialect.Draft11 };
        return Contracts.V1.CheckQuotaResponse.Parser.ParseFrom(target, 0, CheckResponseWriter.WriteResponse(target, decision, options)).ToString();
    }

    private static Decision Begin(Limiter limiter, string key, string? attribute = null, string? value = null, string requestId = "", bool isPeek = false)
    {
        byte[] buffer = Encoding.UTF8.GetBytes(attribute + value);
        AttributeRange[] ranges = attribute is null ? [] : [new(0, attribute.Length, attribute.Length, value!.Length)];
        var decision = new Decision();
        var request = new CheckRequest { Namespace = "acme"u8, Key = Encoding.UTF8.GetBytes(key), Cost = 1, RequestId = Encoding.UTF8.GetBytes(requestId), IsPeek = isPeek, Attributes = new AttributeSet(buffer, ranges) };
        limiter.Begin(request, limiter.Now(), decision);
        return decision;
    }

    private static async Task<Decision> CheckAsync(Limiter limiter, string key, string? attribute = null, string? value = null, string requestId = "", bool isPeek = false)
    {
        Decision decision = Begin(limiter, key, attribute, value, requestId, isPeek);
        await limiter.CompleteAsync(decision);
        return decision;
    }
}
