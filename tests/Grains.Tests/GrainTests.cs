using System.Numerics;
using Quota.Grains.Counters;
using Quota.Grains.Model;
using Quota.Grains.Tests.Support;

namespace Quota.Grains.Tests;

/// <summary>All or nothing: what a check over many limits answers, and which bytes it may touch.</summary>
public sealed class GrainTests
{
    private static readonly Instant Now = Instant.FromUnixMs(1_700_000_000_000);

    [Fact]
    public void Counts_on_every_limit_or_changes_nothing() => Seeded.ForEach(2_000, random => Run(random, (plan, state, applicable, step) =>
    {
        byte[] before = state.Snapshot();
        var results = new LimitResult[32];
        GrainVerdict verdict = Grain.Evaluate(plan, applicable, ref state, step.Cost, step.At, results);
        Assert.Equal(before, state.Snapshot());
        CheckVerdict(plan, state, applicable, step, verdict, results);

        PlanState applied = state.Copy();
        var appliedResults = new LimitResult[32];
        Assert.Equal(verdict, Grain.Apply(plan, applicable, ref applied, step.Cost, step.At, appliedResults));
        Grain.Count(plan, ref state, verdict.CountMask, step.Cost, step.At);
        Assert.Equal(state.Snapshot(), applied.Snapshot());
        Assert.Equal(verdict.CountMask == 0, before.AsSpan().SequenceEqual(state.Snapshot()));

        Grain.Describe(plan, applicable, ref state, step.At, results);
        Assert.Equal(appliedResults, results);
    }));

    [Fact]
    public void Replaying_the_kept_decisions_rebuilds_every_byte() => Seeded.ForEach(1_000, random =>
    {
        PlanState? rebuilt = null;
        PlanState? decided = null;
        Run(random, (plan, state, applicable, step) =>
        {
            GrainVerdict verdict = Grain.Apply(plan, applicable, ref state, step.Cost, step.At, new LimitResult[32]);
            (decided, rebuilt) = (state, rebuilt ?? new PlanState(plan));
            if (verdict.CountMask != 0)
            {
                rebuilt.Replay(verdict.CountMask, step.Cost, step.At);
            }
        });
        Assert.Equal(decided!.Snapshot(), rebuilt!.Snapshot());
    });

    [Fact]
    public void The_longest_wait_decides_and_never_is_the_longest()
    {
        LimitModel second = LimitModel.FixedWindow("second", 1, 1_000_000_000);
        LimitModel hour = LimitModel.FixedWindow("hour", 1, 3_600_000_000_000);
        LimitModel shadowDay = LimitModel.FixedWindow("day", 1, 86_400_000_000_000, LimitMode.Shadow);
        LimitModel closed = LimitModel.FixedWindow("closed", 0, 1_000_000_000);
        Assert.Equal(1, SecondCheck(second, hour, shadowDay).DecidingLimit);
        Assert.Equal(2, SecondCheck(second, hour, closed).DecidingLimit);
        Assert.Equal(0, SecondCheck(hour, LimitModel.FixedWindow("same", 1, 3_600_000_000_000)).DecidingLimit);
        Assert.Equal(new GrainVerdict(true, -1, 0), SecondCheck(shadowDay));
    }

    [Fact]
    public void No_limits_allow_everything()
    {
        var plan = new PlanModel("empty", []);
        var state = new PlanState(plan);
        Assert.Equal(new GrainVerdict(true, -1, 0), Grain.Apply(plan, plan.AllMask, ref state, 1, Now, []));
    }

    private static GrainVerdict SecondCheck(params LimitModel[] limits)
    {
        var plan = new PlanModel("plan", limits);
        var state = new PlanState(plan);
        for (int i = 0; i < limits.Length; i++)
        {
            Grain.Count(plan, ref state, 1u << i, 1, Now);
        }
        return Grain.Apply(plan, plan.AllMask, ref state, 1, Now, new LimitResult[limits.Length]);
    }

    private static void CheckVerdict(PlanModel plan, PlanState state, uint applicable, Step step, GrainVerdict verdict, LimitResult[] results)
    {
        uint exceeded = 0;
        ulong longestMs = 0;
        for (int i = 0, n = 0; i < plan.Limits.Length; i++)
        {
            if ((applicable >> i & 1) == 0)
            {
                continue;
            }
            LimitResult result = results[n++];
            long retryNs = Counter.Evaluate(plan.Limits[i], state.Counter(i), step.Cost, step.At);
            Assert.Equal(i, result.LimitIndex);
            Assert.Equal(retryNs != Counter.HasRoom, result.Exceeded);
            Assert.Equal(retryNs == Counter.Never ? LimitResult.Never : (long)Math.Ceiling(retryNs / 1_000_000m), result.RetryAfterMs);
            exceeded |= result.Exceeded ? 1u << i : 0;
            longestMs = result.Exceeded && plan.Limits[i].Mode == LimitMode.Enforce ? Math.Max(longestMs, (ulong)result.RetryAfterMs) : longestMs;
        }
        uint refusing = exceeded & ~plan.ShadowMask;
        Assert.Equal(refusing == 0, verdict.Allowed);
        Assert.Equal(verdict.Allowed && step.Cost > 0 ? applicable & ~exceeded : 0, verdict.CountMask);
        Assert.Equal(verdict.Allowed, verdict.DecidingLimit == -1);
        if (!verdict.Allowed)
        {
            Assert.NotEqual(0u, refusing >> verdict.DecidingLimit & 1);
            int position = BitOperations.PopCount(applicable & ((1u << verdict.DecidingLimit) - 1));
            Assert.Equal(longestMs, (ulong)results[position].RetryAfterMs);
        }
    }

    private static void Run(Random random, Action<PlanModel, PlanState, uint, Step> decide)
    {
        PlanModel plan = RandomLimit.Plan(random);
        var state = new PlanState(plan);
        foreach (Step step in new Sequence(random, 12, 5_000_000_000, 500_000_000).Steps(40))
        {
            decide(plan, state, random.Next(3) == 0 ? (uint)random.NextInt64(1L << 32) & plan.AllMask : plan.AllMask, step);
        }
    }
}
