using System.Text;
using Quota.Grains;
using Quota.Grains.Model;
using Quota.Silo.Catalog;
using Quota.Silo.Cluster.Forwarding;
using Quota.Silo.Execution;
using Quota.Silo.Limiting;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Cluster.Forwarding;

/// <summary>APPEND-ONLY: silos of two versions send each other checks and answers during a rolling upgrade.</summary>
public sealed class ForwardingGoldenTests
{
    private static readonly PlanModel Plan = new("gold", [LimitModel.SlidingWindow("burst", 100, 60_000_000_000), LimitModel.FixedWindow("tokens", 7, 1_000_000_000, LimitMode.Shadow, unit: "tokens")]);

    [Fact]
    public void A_batch_is_the_same_in_every_version()
    {
        var batch = new ForwardBatch();
        Add(batch);
        Assert.Equal("0100000001000000630000004C02000004000000000000000E0405000404010102000000030000000000000060EA000000000000D4386E34E3E648B9D4386E34E3E648B961636D656B65792D31676F6C6469642D31064D00000000000000746F6B656E73050300726F7574652F7631", Convert.ToHexString(batch.Seal().Span));
    }

    [Theory]
    [InlineData(true, "7F00000000010501020102FF050000000000000000002A36FE9C97170068E5CF8B010000010000000000000002000000000000006052E6CF8B010000000000006400000000000000610000000000000060EA000000000000000000000000000000010107000000000000000000000000000000E803000000000000FFFFFFFFFFFFFFFF")]
    [InlineData(false, "B500000000010501020102FF050000000000000000002A36FE9C97170068E5CF8B010000010000000000000002000000000000006052E6CF8B0100000104676F6C640000006400000000000000610000000000000060EA000000000000000000000000000001000508005847F80D0000006275727374726571756573747300000107000000000000000000000000000000E803000000000000FFFFFFFFFFFFFFFF0401060600CA9A3B00000000746F6B656E73746F6B656E73")]
    public void An_answer_is_the_same_in_every_version(bool samePlan, string expected)
    {
        byte[] target = new byte[4096];
        int length = ForwardedAnswer.Write(target, Decided(), 5, [samePlan ? PlanFingerprint.Of(Plan) : 1]);
        Assert.Equal(expected, Convert.ToHexString(target, 0, length));
    }

    [Fact]
    public void An_error_is_the_same_in_every_version()
    {
        var decision = new Decision();
        decision.Reset(Instant.FromUnixMs(1_700_000_000_000));
        decision.Reject(DecisionStatus.NotFound, "plan", "the namespace has no plan of this name");
        byte[] target = new byte[4096];
        int length = ForwardedAnswer.Write(target, decision, 5, []);
        Assert.Equal("4D00000000030000000000FF050000000000000000002A36FE9C97170068E5CF8B01000004706C616E2600746865206E616D65737061636520686173206E6F20706C616E206F662074686973206E616D65", Convert.ToHexString(target, 0, length));
        Assert.Equal("0100000001", Convert.ToHexString(target, 0, ForwardedAnswer.WriteUndone(target, ForwardedOutcome.NotOwner)));
        ForwardedAnswer.WriteBatchHead(target, true, 3);
        Assert.Equal("0101000003000000", Convert.ToHexString(target, 0, ForwardedAnswer.BatchHeadBytes));
    }

    [Fact]
    public void A_plan_has_the_same_fingerprint_in_every_version() => Assert.Equal(13351174958851438804UL, PlanFingerprint.Of(Plan));

    internal static ForwardedCall Add(ForwardBatch batch)
    {
        byte[] buffer = Encoding.UTF8.GetBytes("route/v1tokens");
        NamedCost[] named = [new(8, 6, 77)];
        var above = new KeyState("customer", new KeyModel("customer", Plan));
        var command = new GrainCommand(new CostVector(3))
        {
            Namespace = new NamespaceModel("acme") { Plans = new Utf8Map<PlanModel>([]), Keys = new Utf8Map<KeyState>([]) },
            Plan = Plan,
            IsPlanConfigured = false,
            Key = "key-1"u8,
            Above = above,
            Attributes = new AttributeSet(buffer, new AttributeRange[] { new(0, 5, 5, 3) }),
            Named = new NamedCosts(buffer, named),
            RequestId = "id-1"u8,
            Hold = new ReservationTerms(60_000, true),
            Now = Instant.FromUnixMs(1_700_000_000_000),
        };
        return batch.TryAdd(command, KeyTreatment.PlanFromRequest, ForwardedCall.LevelsOf(command), 588, 4)!;
    }

    internal static Decision Decided()
    {
        var decision = new Decision();
        decision.Reset(Instant.FromUnixMs(TestLimiter.NowMs));
        Span<LimitResult> results = decision.ResultBuffer(2);
        results[0] = new LimitResult { LimitIndex = 0, Amount = 100, Remaining = 97, ResetAfterMs = 60_000 };
        results[1] = new LimitResult { LimitIndex = 1, Amount = 7, Remaining = 0, Exceeded = true, ResetAfterMs = 1_000, RetryAfterMs = LimitResult.Never };
        decision.SetLevel(0, Plan, []);
        decision.Decide(Plan, -1);
        decision.KeyTreatment = KeyTreatment.PlanFromRequest;
        decision.Reservation = new ReservationHandle(new UInt128(1, 2), TestLimiter.NowMs + 60_000);
        return decision;
    }
}
