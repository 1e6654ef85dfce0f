using System.IO.Compression;
using Quota.Contracts;
using Quota.Contracts.V1;
using Quota.Silo.Edge.Grpc;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Edge;

/// <summary>What surrounds a call: encodings, deadlines, cancellation, metadata.</summary>
public sealed class EdgeCallTests
{
    private const string Check = "/quota.v1.QuotaService/CheckQuota";
    private const string Echo = "/test.v1.Test/Echo";

    [Fact]
    public async Task Gzip_is_read_and_answered_in_kind()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync(services: [new TestMethods(TestMethods.Echo)]);
        byte[] message = new byte[5000];
        GrpcTestReply large = await edge.Grpc.SendAsync(Echo, GrpcTestClient.Frame(Gzip(message), 1), headers: [("grpc-encoding", "gzip"), ("grpc-accept-encoding", "identity,gzip")]);
        Assert.Equal((0, "gzip", 1), (large.Status, large.Headers["grpc-encoding"], large.Messages[0].Flag));
        Assert.Equal(message, Gunzip(large.Single));

        GrpcTestReply small = await edge.Grpc.SendAsync(Echo, GrpcTestClient.Frame(Gzip([1, 2]), 1), headers: [("grpc-encoding", "gzip"), ("grpc-accept-encoding", "gzip")]);
        Assert.Equal((0, 0), (small.Status, small.Messages[0].Flag));
        Assert.Equal([1, 2], small.Single);

        GrpcTestReply plain = await edge.Grpc.SendAsync(Echo, GrpcTestClient.Frame(message), headers: [("grpc-accept-encoding", "gzip")]);
        Assert.Equal((0, 0), (plain.Status, plain.Messages[0].Flag));
        Assert.DoesNotContain("grpc-encoding", plain.Headers.Keys);

        GrpcTestReply unwanted = await edge.Grpc.SendAsync(Echo, GrpcTestClient.Frame(Gzip(message), 1), headers: [("grpc-encoding", "gzip")]);
        Assert.Equal((0, 0), (unwanted.Status, unwanted.Messages[0].Flag));
    }

    [Fact]
    public async Task Gzip_is_bounded_and_checked()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync(services: [new TestMethods(TestMethods.Echo)]);
        byte[] bomb = Gzip(new byte[Bounds.MessageBytesMax + 1]);
        Assert.True(bomb.Length < 16 * 1024);
        Assert.Equal((8, $"request: a message must unfold to at most {Bounds.MessageBytesMax} bytes"), await StatusOf(bomb));
        Assert.Equal((0, ""), await StatusOf(Gzip(new byte[Bounds.MessageBytesMax])));
        Assert.Equal((13, "request: a message is not valid gzip"), await StatusOf([1, 2, 3, 4]));
        Assert.Equal((13, "request: a message is not valid gzip"), await StatusOf([]));
        Assert.Equal((13, "request: a message is not valid gzip"), await StatusOf(Gzip(new byte[5000])[..^9]));
        await EdgeUnaryTests.AssertServes(edge);

        async Task<(int, string)> StatusOf(byte[] message)
        {
            GrpcTestReply reply = await edge.Grpc.SendAsync(Echo, GrpcTestClient.Frame(message, 1), headers: [("grpc-encoding", "gzip")]);
            return (reply.Status, reply.Message);
        }
    }

    [Fact]
    public async Task Unknown_encoding_is_refused_with_the_known_ones()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        GrpcTestReply reply = await edge.Grpc.SendAsync(Check, GrpcTestClient.Frame([]), headers: [("grpc-encoding", "snappy")]);
        Assert.Equal((12, "identity,gzip", true), (reply.Status, reply.Headers["grpc-accept-encoding"], reply.TrailersOnly));
    }

    [Theory]
    [InlineData("1S", 0)]
    [InlineData("99999999H", 0)]
    [InlineData("0m", 4)]
    [InlineData("123456789m", 3)]
    [InlineData("m", 3)]
    [InlineData("5x", 3)]
    [InlineData("-5m", 3)]
    [InlineData("5", 3)]
    public async Task Timeout_header_is_read(string timeout, int status)
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        GrpcTestReply reply = await edge.Grpc.UnaryAsync(Check, new CheckQuotaRequest { Namespace = "acme", Key = "k" }, ("grpc-timeout", timeout));
        Assert.Equal(status, reply.Status);
    }

    [Theory]
    [InlineData("2H", 7_200_000)]
    [InlineData("3M", 180_000)]
    [InlineData("4S", 4_000)]
    [InlineData("5m", 5)]
    [InlineData("1u", 1)]
    [InlineData("2000u", 2)]
    [InlineData("1n", 1)]
    [InlineData("3000000n", 3)]
    public void Timeout_units(string header, long milliseconds)
    {
        Assert.True(GrpcTimeout.TryParse(header, out long parsed));
        Assert.Equal(milliseconds, parsed);
    }

    [Fact]
    public async Task Deadline_ends_a_call_that_waits()
    {
        GrpcMethod waits = new("Waits", GrpcMethodKind.Unary, async call =>
        {
            Assert.True(call.TimeLeft > TimeSpan.Zero);
            await Task.Delay(Timeout.Infinite, call.Cancellation);
            return GrpcStatus.Ok;
        });
        await using EdgeFixture edge = await EdgeFixture.StartAsync(services: [new TestMethods(waits, TestMethods.Echo)]);
        GrpcTestReply reply = await edge.Grpc.SendAsync("/test.v1.Test/Waits", GrpcTestClient.Frame([]), headers: [("grpc-timeout", "30m")]);
        Assert.Equal((4, "the deadline passed"), (reply.Status, reply.Message));

        using GrpcTestStream stream = await edge.Grpc.StreamAsync(Echo, default, ("grpc-timeout", "30m"));
        Assert.Equal((4, "the deadline passed"), await stream.EndAsync());
        await EdgeUnaryTests.AssertServes(edge);
        Assert.Equal(0, edge.Server.Shedder.Calls);
    }

    [Fact]
    public async Task Cancellation_reaches_the_handler()
    {
        TaskCompletionSource started = new(TaskCreationOptions.RunContinuationsAsynchronously);
        TaskCompletionSource<bool> ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
        GrpcMethod waits = new("Waits", GrpcMethodKind.Unary, async call =>
        {
            CancellationToken cancelled = call.Cancellation;
            started.SetResult();
            await Task.Delay(Timeout.Infinite, cancelled).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            ended.SetResult(cancelled.IsCancellationRequested);
            return GrpcStatus.Ok;
        });
        await using EdgeFixture edge = await EdgeFixture.StartAsync(services: [new TestMethods(waits)]);
        using CancellationTokenSource cancel = new();
        Task<GrpcTestReply> call = edge.Grpc.SendAsync("/test.v1.Test/Waits", GrpcTestClient.Frame([]), cancel: cancel.Token);
        await started.Task;
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);
        Assert.True(await ended.Task.WaitAsync(TimeSpan.FromSeconds(20)));
        await EdgeUnaryTests.AssertServes(edge);
    }

    [Fact]
    public async Task Metadata_goes_both_ways()
    {
        GrpcMethod metadata = new("Metadata", GrpcMethodKind.Unary, async call =>
        {
            GrpcRead read = await call.ReadAsync();
            Assert.Null(call.Metadata("x-absent"));
            call.SetHeader("x-echo", call.Metadata("x-in")!);
            call.SetHeader("x-echo-bin", GrpcMetadata.ToBinary(call.BinaryMetadata("x-data-bin")!));
            call.SetTrailer("x-trailer", "last");
            call.EndMessage();
            return read.Message.IsEmpty ? new GrpcStatus(GrpcStatusCode.NotFound, "50 % → ümlaut\n") : GrpcStatus.Ok;
        });
        await using EdgeFixture edge = await EdgeFixture.StartAsync(services: [new TestMethods(metadata)]);
        GrpcTestReply reply = await edge.Grpc.SendAsync("/test.v1.Test/Metadata", GrpcTestClient.Frame([]), headers: [("x-in", "hello"), ("x-data-bin", "AAH/")]);
        Assert.Equal(("hello", "AAH/", "last"), (reply.Headers["x-echo"], reply.Headers["x-echo-bin"], reply.Trailers["x-trailer"]));
        Assert.Equal((5, "50 % → ümlaut\n", "50 %25 %E2%86%92 %C3%BCmlaut%0A"), (reply.Status, reply.Message, reply.Trailers["grpc-message"]));
    }

    [Fact]
    public void Long_status_messages_are_cut_between_characters()
    {
        string encoded = GrpcMetadata.EncodeMessage("x" + new string('ü', Bounds.GrpcMessageBytesMax));
        Assert.Equal("x" + new string('ü', (Bounds.GrpcMessageBytesMax - 1) / 2), Uri.UnescapeDataString(encoded));
    }

    internal static byte[] Gzip(byte[] message)
    {
        using MemoryStream output = new();
        using (GZipStream gzip = new(output, CompressionLevel.Optimal))
        {
            gzip.Write(message);
        }
        return output.ToArray();
    }

    private static byte[] Gunzip(byte[] message)
    {
        using MemoryStream output = new();
        using GZipStream gzip = new(new MemoryStream(message), CompressionMode.Decompress);
        gzip.CopyTo(output);
        return output.ToArray();
    }
}
