using Microsoft.AspNetCore.Server.Kestrel.Core;
using Quota.Contracts;
using Quota.Contracts.V1;
using Quota.Silo.Edge;
using Quota.Silo.Edge.Grpc;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Edge;

public sealed class EdgeStreamTests
{
    private const string Stream = "/quota.v1.QuotaService/StreamQuota";

    [Fact]
    public async Task Answers_come_in_order_with_their_correlation_ids()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        using GrpcTestStream call = await edge.Grpc.StreamAsync(Stream);
        for (uint i = 0; i < 200; i++)
        {
            await call.WriteAsync(Batch(i, $"k{i}", "deny", ""));
        }
        call.Complete();
        for (uint i = 0; i < 200; i++)
        {
            StreamQuotaResponse answer = await call.ReadAsync(StreamQuotaResponse.Parser);
            Assert.Equal((i, 3), (answer.CorrelationId, answer.Results.Count));
            Assert.True(answer.Results[0].Response.Allowed);
            Assert.Equal("burst", answer.Results[1].Response.Limit);
            Assert.Equal(3, answer.Results[2].Error.Code);
        }
        Assert.Equal((0, ""), await call.EndAsync());
        Assert.Equal((0, 0), (edge.Server.Shedder.Calls, edge.Server.Shedder.Streams));
    }

    [Fact]
    public async Task Work_goes_on_while_an_answer_waits_up_to_its_bound()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        using GrpcTestStream call = await edge.Grpc.StreamAsync(Stream);
        const int Sent = Bounds.StreamBatchesPendingMax + 8;
        for (uint i = 1; i <= Sent; i++)
        {
            await call.WriteAsync(Batch(i, $"gate{i}"));
        }
        // One batch is being completed, a full queue waits behind it, and one more was begun before the queue was found full.
        await Eventually(() => edge.Limiter.Begun == Bounds.StreamBatchesPendingMax + 2);
        edge.Limiter.Gate.SetResult();
        for (uint i = 1; i <= Sent; i++)
        {
            Assert.Equal(i, (await call.ReadAsync(StreamQuotaResponse.Parser)).CorrelationId);
        }
        call.Complete();
        Assert.Equal((0, ""), await call.EndAsync());
    }

    [Fact]
    public async Task A_caller_that_does_not_take_its_answers_is_cut_off_and_holds_nobody_up()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        using GrpcTestStream call = await edge.Grpc.StreamAsync(Stream);
        // Answers are larger than what a client's flow control lets through unread; writing ends when the server stops reading.
        string[] keys = [.. Enumerable.Range(0, 1000).Select(i => "k" + i)];
        Task writing = Task.Run(async () =>
        {
            for (uint i = 0; i < 200; i++)
            {
                await call.WriteAsync(Batch(i, keys));
            }
        });
        await Eventually(() => edge.Limiter.Begun >= 10_000);
        GrpcTestReply other = await edge.Grpc.UnaryAsync("/quota.v1.QuotaService/CheckQuota", new CheckQuotaRequest { Namespace = "acme", Key = "other" });
        Assert.Equal(0, other.Status);
        await Eventually(() => edge.Server.Shedder.Streams == 0);
        await Eventually(() => edge.Server.Shedder.Calls == 0);
        await Assert.ThrowsAnyAsync<Exception>(() => writing);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1001)]
    public async Task A_batch_out_of_bounds_ends_the_stream_after_the_answers_before_it(int checks)
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        using GrpcTestStream call = await edge.Grpc.StreamAsync(Stream);
        await call.WriteAsync(Batch(7, "k"));
        await call.WriteAsync(new StreamQuotaRequest { CorrelationId = 8, Checks = { Enumerable.Repeat(new CheckQuotaRequest(), checks) } });
        Assert.Equal(7ul, (await call.ReadAsync(StreamQuotaResponse.Parser)).CorrelationId);
        Assert.Equal((3, $"checks: must be 1 to 1000, was {checks}"), await call.EndAsync());
        await EdgeUnaryTests.AssertServes(edge);
    }

    [Fact]
    public async Task A_malformed_message_and_a_truncated_one_end_the_stream()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        using GrpcTestStream malformed = await edge.Grpc.StreamAsync(Stream);
        await malformed.WriteRawAsync(GrpcTestClient.Frame([0x12, 0x7F]));
        Assert.Equal((3, "request: malformed protobuf: a length goes past its end"), await malformed.EndAsync());

        using GrpcTestStream truncated = await edge.Grpc.StreamAsync(Stream);
        await truncated.WriteRawAsync([0, 0, 0, 0, 5, 1]);
        truncated.Complete();
        Assert.Equal((13, "request: truncated message"), await truncated.EndAsync());
    }

    [Fact]
    public async Task A_fault_in_a_batch_ends_the_stream_and_leaks_nothing()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        using GrpcTestStream call = await edge.Grpc.StreamAsync(Stream);
        await call.WriteAsync(Batch(1, "k", "throw"));
        Assert.Equal(13, (await call.EndAsync()).Status);
        Assert.Equal((0, 0), (edge.Server.Shedder.Calls, edge.Server.Shedder.Streams));
    }

    [Fact]
    public async Task A_cancelled_stream_completes_what_it_began()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        using (GrpcTestStream call = await edge.Grpc.StreamAsync(Stream))
        {
            await call.WriteAsync(Batch(1, "gate"));
            await Eventually(() => edge.Limiter.Begun == 1);
        }
        Assert.Equal(1, edge.Server.Shedder.Streams);
        edge.Limiter.Gate.SetResult();
        await Eventually(() => edge.Server.Shedder is { Streams: 0, Calls: 0 });
        await EdgeUnaryTests.AssertServes(edge);
    }

    [Fact]
    public async Task Draining_answers_what_was_begun_and_ends_the_stream()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        using GrpcTestStream call = await edge.Grpc.StreamAsync(Stream);
        await call.WriteAsync(Batch(1, "gate"));
        await Eventually(() => edge.Limiter.Begun == 1);
        Task stop = edge.Server.StopAsync();
        Assert.False(stop.IsCompleted);
        edge.Limiter.Gate.SetResult();
        Assert.Equal(1ul, (await call.ReadAsync(StreamQuotaResponse.Parser)).CorrelationId);
        Assert.Equal((14, "this silo is draining"), await call.EndAsync());
        await stop.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task Silent_streams_are_left_alone()
    {
        // The setting is asserted instead of waiting for the five seconds after which Kestrel would end the connection.
        bool? unbounded = null;
        GrpcMethod method = new("Look", GrpcMethodKind.Duplex, call =>
        {
            unbounded = ((Silo.Edge.Grpc.Kestrel.KestrelGrpcCall)call).MayBeSilent;
            return new(GrpcStatus.Ok);
        }, GrpcAdmission.Stream);
        await using EdgeFixture edge = await EdgeFixture.StartAsync(services: [new TestMethods(method)]);
        using GrpcTestStream call = await edge.Grpc.StreamAsync("/test.v1.Test/Look");
        Assert.Equal((0, ""), await call.EndAsync());
        Assert.True(unbounded);
        KestrelServerOptions options = KestrelListener.CreateOptions(1);
        Assert.NotNull(options.Limits.MinRequestBodyDataRate);
        Assert.False(options.AddServerHeader);
    }

    internal static async Task Eventually(Func<bool> condition)
    {
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(20));
        using PeriodicTimer tick = new(TimeSpan.FromMilliseconds(2));
        while (!condition())
        {
            await tick.WaitForNextTickAsync(patience.Token);
        }
    }

    private static StreamQuotaRequest Batch(ulong id, params string[] keys) =>
        new() { CorrelationId = id, Checks = { keys.Select(k => new CheckQuotaRequest { Namespace = "acme", Key = k, Detail = Detail.Verdict }) } };
}
