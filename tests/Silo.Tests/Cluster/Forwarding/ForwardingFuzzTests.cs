using Quota.Contracts;
using Quota.Grains;
using Quota.Silo.Cluster.Forwarding;
using Quota.Silo.Limiting;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Cluster.Forwarding;

/// <summary>Bytes from the network never make a silo throw, and what is read of them is within bounds.</summary>
public sealed class ForwardingFuzzTests
{
    private const int Rounds = 20_000;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task A_batch_of_any_bytes_is_answered(int seed)
    {
        var random = new Random(seed);
        var batch = new ForwardBatch();
        ForwardingGoldenTests.Add(batch);
        ForwardingGoldenTests.Add(batch);
        byte[] good = batch.Seal().ToArray();
        var hosting = new PartitionHosting(new PartitionEpochTable(1024));
        hosting.Host(588, long.MaxValue);
        var server = new ForwardedBatchServer(new TestLimiter(), hosting);
        int answered = 0;
        for (int i = 0; i < Rounds; i++)
        {
            byte[] bytes = Mutate(good, random);
            ReadOnlyMemory<byte> answer = await server.AnswerAsync(bytes);
            Assert.True(answer.Length >= ForwardedAnswer.BatchHeadBytes);
            answered += answer.Length > ForwardedAnswer.BatchHeadBytes ? 1 : 0;
        }
        Assert.InRange(answered, Rounds / 20, Rounds);
    }

    [Theory]
    [InlineData(3, true)]
    [InlineData(4, false)]
    public void An_answer_of_any_bytes_is_read_or_refused(int seed, bool samePlan)
    {
        var random = new Random(seed);
        ForwardedCall call = ForwardingGoldenTests.Add(new ForwardBatch());
        Decision decision = call.Decision;
        byte[] good = new byte[4096];
        int length = ForwardedAnswer.Write(good, ForwardingGoldenTests.Decided(), 5, [samePlan ? PlanFingerprint.Of(call.Levels[0]) : 1]);
        good = good[sizeof(int)..length];
        int read = 0;
        for (int i = 0; i < Rounds; i++)
        {
            byte[] bytes = Mutate(good, random);
            call.Reset();
            if (ForwardedAnswer.TryRead(bytes, call, out ForwardedOutcome outcome, out _) && outcome == ForwardedOutcome.Answered)
            {
                read++;
                Assert.NotEqual(DecisionStatus.Pending, decision.Status);
                Assert.InRange(decision.Results.Length, 0, Bounds.LevelsMax * Bounds.LimitsPerPlanMax);
                foreach (ref readonly LimitResult result in decision.Results)
                {
                    Assert.NotEmpty(decision.LimitOf(result).Name);
                }
            }
        }
        Assert.InRange(read, Rounds / 20, Rounds);
    }

    private static byte[] Mutate(byte[] good, Random random)
    {
        byte[] bytes = [.. good];
        for (int n = random.Next(4); n > 0; n--)
        {
            bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
        }
        return random.Next(3) == 0 ? bytes[..random.Next(bytes.Length)] : bytes;
    }
}
