using System.Net;
using Google.Protobuf;
using Quota.Contracts;
using Quota.Contracts.V1;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Edge;

public sealed class EdgeUnaryTests
{
    private const string Check = "/quota.v1.QuotaService/CheckQuota";

    private static readonly CheckQuotaRequest Good = new() { Namespace = "acme", Key = "k1" };

    [Fact]
    public async Task Allowed_check_is_answered_with_its_limits()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        GrpcTestReply reply = await edge.Grpc.UnaryAsync(Check, new CheckQuotaRequest { Namespace = "acme", Key = "k1", Attributes = { ["route"] = "/a" } });
        Assert.Equal((HttpStatusCode.OK, 0, false), (reply.HttpStatus, reply.Status, reply.TrailersOnly));
        CheckQuotaResponse response = CheckQuotaResponse.Parser.ParseFrom(reply.Single);
        Assert.True(response.Allowed);
        Assert.Equal(3, response.Limits.Count);
        Assert.Equal("acme/k1 cost=1 plan= id= attributes=1 route=/a", edge.Limiter.Last);
        Assert.Equal("application/grpc", reply.Headers["content-type"]);
        Assert.DoesNotContain("server", reply.Headers.Keys);
    }

    [Fact]
    public async Task Refused_check_is_an_answer_and_names_its_limit()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        GrpcTestReply reply = await edge.Grpc.UnaryAsync(Check, new CheckQuotaRequest { Namespace = "acme", Key = "deny", Headers = Contracts.V1.HeaderDialect.Draft11 });
        CheckQuotaResponse response = CheckQuotaResponse.Parser.ParseFrom(reply.Single);
        Assert.Equal((false, "burst", 1001), (response.Allowed, response.Limit, response.RetryAfterMs));
        Assert.Contains(response.Headers, h => h is { Name: "Retry-After", Value: "2" });
    }

    [Theory]
    [InlineData("", 3, "key: must be 1 to 256 bytes, was 0")]
    [InlineData("unavailable", 14, "the journal has failed: 100 % full, tschüss")]
    [InlineData("overloaded", 8, "too much to do")]
    [InlineData("throw", 13, "an internal fault; it is in this silo's log")]
    public async Task No_decision_is_a_status_in_the_headers(string key, int status, string message)
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        GrpcTestReply reply = await edge.Grpc.UnaryAsync(Check, new CheckQuotaRequest { Namespace = "acme", Key = key });
        Assert.Equal((status, message, true), (reply.Status, reply.Message, reply.TrailersOnly));
        Assert.Empty(reply.Messages);
        await AssertServes(edge);
    }

    [Fact]
    public async Task Unknown_namespace_is_not_found()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        GrpcTestReply reply = await edge.Grpc.UnaryAsync(Check, new CheckQuotaRequest { Namespace = "other", Key = "k" });
        Assert.Equal((5, "namespace: there is no namespace of this name"), (reply.Status, reply.Message));
    }

    [Theory]
    [InlineData("/quota.v1.QuotaService/Nothing", "unknown method Nothing of service quota.v1.QuotaService")]
    [InlineData("/nothing.v1.Service/CheckQuota", "unknown service nothing.v1.Service")]
    [InlineData("/", "the path of a call is /package.Service/Method")]
    public async Task Unknown_paths_are_unimplemented(string path, string message)
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        GrpcTestReply reply = await edge.Grpc.UnaryAsync(path, Good);
        Assert.Equal((HttpStatusCode.OK, 12, message, true), (reply.HttpStatus, reply.Status, reply.Message, reply.TrailersOnly));
        await AssertServes(edge);
    }

    [Theory]
    [InlineData("application/json", 415)]
    [InlineData("application/grpc-web", 415)]
    [InlineData("application/grpc+json", 415)]
    [InlineData("", 415)]
    [InlineData("application/grpc+proto", 200)]
    [InlineData("application/grpc; charset=utf-8", 200)]
    public async Task Content_type_decides_what_is_grpc(string contentType, int status)
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        GrpcTestReply reply = await edge.Grpc.SendAsync(Check, GrpcTestClient.Frame(Good.ToByteArray()), contentType);
        Assert.Equal(status, (int)reply.HttpStatus);
        await AssertServes(edge);
    }

    [Fact]
    public async Task Only_post_is_a_call()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        GrpcTestReply reply = await edge.Grpc.SendAsync(Check, [], method: HttpMethod.Put);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, reply.HttpStatus);
    }

    public static TheoryData<string, byte[], int, string> BadBodies => new()
    {
        { "empty", [], 13, "request: no message for a method that takes one" },
        { "half a head", [0, 0, 0], 13, "request: truncated message" },
        { "truncated", [0, 0, 0, 0, 9, 1, 2], 13, "request: truncated message" },
        { "bad flag", [2, 0, 0, 0, 0], 13, "request: the compressed flag of a message must be 0 or 1" },
        { "two messages", [0, 0, 0, 0, 0, 0, 0, 0, 0, 0], 13, "request: more than one message for a method that takes one" },
        { "compressed without encoding", [1, 0, 0, 0, 1, 7], 13, "request: a message is marked compressed, and grpc-encoding names no compression" },
        { "oversized", [0, 0x7F, 0, 0, 0, 1], 8, $"request: a message must be at most {Bounds.MessageBytesMax} bytes, was {0x7F000000}" },
        { "length above 31 bits", [0, 0xFF, 0xFF, 0xFF, 0xFF, 1], 8, $"request: a message must be at most {Bounds.MessageBytesMax} bytes, was {uint.MaxValue}" },
        { "malformed", [0, 0, 0, 0, 2, 0x0A, 0x05], 3, "request: malformed protobuf: a length goes past its end" },
        { "group", [0, 0, 0, 0, 2, 0x7B, 0x7C], 3, "request: malformed protobuf: groups are not supported" },
    };

    [Theory]
    [MemberData(nameof(BadBodies))]
    public async Task Bad_bodies_end_their_call_only(string name, byte[] body, int status, string message)
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        GrpcTestReply reply = await edge.Grpc.SendAsync(Check, body);
        Assert.True((status, message) == (reply.Status, reply.Message), $"{name}: {reply.Status} {reply.Message}");
        Assert.Equal(0, edge.Limiter.Begun);
        await AssertServes(edge);
    }

    [Fact]
    public async Task Messages_up_to_the_bound_pass_in_many_frames()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync(services: [new TestMethods(TestMethods.Echo)]);
        byte[] message = new byte[Bounds.MessageBytesMax];
        new Random(1).NextBytes(message);
        GrpcTestReply reply = await edge.Grpc.SendAsync("/test.v1.Test/Echo", GrpcTestClient.Frame(message));
        Assert.Equal(0, reply.Status);
        Assert.True(message.AsSpan().SequenceEqual(reply.Single));
    }

    [Fact]
    public async Task Real_oversized_message_is_refused_by_name()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        using GrpcTestStream call = await edge.Grpc.StreamAsync("/quota.v1.QuotaService/StreamQuota");
        await call.WriteRawAsync([0, .. BitConverter.GetBytes(System.Net.IPAddress.HostToNetworkOrder(Bounds.MessageBytesMax + 1))]);
        (int status, string message) = await call.EndAsync();
        Assert.Equal((8, $"request: a message must be at most {Bounds.MessageBytesMax} bytes, was {Bounds.MessageBytesMax + 1}"), (status, message));
    }

    public static TheoryData<string> TextFields => ["namespace", "key", "request_id", "plan", "attribute name", "attribute value"];

    [Theory]
    [MemberData(nameof(TextFields))]
    public async Task Invalid_utf8_is_named(string field)
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        byte[] bad = [0xFF, 0xFE];
        byte[] message = field switch
        {
            "namespace" => [0x0A, 2, .. bad],
            "key" => [0x12, 2, .. bad],
            "request_id" => [0x2A, 2, .. bad],
            "plan" => [0x32, 2, .. bad],
            "attribute name" => [0x22, 4, 0x0A, 2, .. bad],
            _ => [0x22, 7, 0x0A, 1, (byte)'a', 0x12, 2, .. bad],
        };
        GrpcTestReply reply = await edge.Grpc.SendAsync(Check, GrpcTestClient.Frame(message));
        string name = field.StartsWith("attribute", StringComparison.Ordinal) ? "attributes" : field;
        Assert.Equal((3, $"{name}: must be valid UTF-8"), (reply.Status, reply.Message));
    }

    [Fact]
    public async Task Attributes_are_bounded_and_distinct()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        CheckQuotaRequest many = Good.Clone();
        many.Attributes.Add(Enumerable.Range(0, 33).ToDictionary(i => $"a{i}", i => "v"));
        Assert.Equal((3, "attributes: must be at most 32"), await StatusOf(many.ToByteArray()));
        Assert.Equal((3, "attributes: a name must be 1 to 64 bytes, was 0"), await StatusOf(new CheckQuotaRequest { Attributes = { [""] = "v" } }.ToByteArray()));
        Assert.Equal((3, "attributes: a name must be 1 to 64 bytes, was 65"), await StatusOf(new CheckQuotaRequest { Attributes = { [new string('n', 65)] = "v" } }.ToByteArray()));
        Assert.Equal((3, "attributes: a value must be at most 256 bytes, was 257"), await StatusOf(new CheckQuotaRequest { Attributes = { ["a"] = new string('v', 257) } }.ToByteArray()));
        byte[] one = new CheckQuotaRequest { Attributes = { ["a"] = "1" } }.ToByteArray();
        Assert.Equal((3, "attributes: must not repeat a name"), await StatusOf([.. one, .. one]));
        Assert.Equal((3, "headers: there is no dialect 9"), await StatusOf(new CheckQuotaRequest { Headers = (Contracts.V1.HeaderDialect)9 }.ToByteArray()));
        Assert.Equal((3, "detail: there is no detail 2"), await StatusOf(new CheckQuotaRequest { Detail = (Detail)2 }.ToByteArray()));
        many.Attributes.Remove("a32");
        Assert.Equal((0, ""), await StatusOf(many.ToByteArray()));

        async Task<(int, string)> StatusOf(byte[] message)
        {
            GrpcTestReply reply = await edge.Grpc.SendAsync(Check, GrpcTestClient.Frame(message));
            return (reply.Status, reply.Message);
        }
    }

    [Fact]
    public async Task Batch_keeps_order_and_isolates_bad_checks()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        CheckQuotaBatchRequest batch = new() { Checks = { Good, new CheckQuotaRequest { Namespace = "acme" }, new CheckQuotaRequest { Namespace = "acme", Key = "deny" } } };
        byte[] message = [.. batch.ToByteArray(), 0x0A, 2, 0x0A, 9, .. new CheckQuotaBatchRequest { Checks = { Good } }.ToByteArray()];
        GrpcTestReply reply = await edge.Grpc.SendAsync("/quota.v1.QuotaService/CheckQuotaBatch", GrpcTestClient.Frame(message));
        CheckQuotaBatchResponse response = CheckQuotaBatchResponse.Parser.ParseFrom(reply.Single);
        Assert.Equal(5, response.Results.Count);
        Assert.True(response.Results[0].Response.Allowed);
        Assert.Equal((3, "key", "key: must be 1 to 256 bytes, was 0"), (response.Results[1].Error.Code, response.Results[1].Error.Field, response.Results[1].Error.Message));
        Assert.False(response.Results[2].Response.Allowed);
        Assert.Equal((3, "request"), (response.Results[3].Error.Code, response.Results[3].Error.Field));
        Assert.True(response.Results[4].Response.Allowed);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1001)]
    public async Task Batch_is_bounded(int checks)
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        CheckQuotaBatchRequest batch = new() { Checks = { Enumerable.Repeat(Good, checks) } };
        GrpcTestReply reply = await edge.Grpc.UnaryAsync("/quota.v1.QuotaService/CheckQuotaBatch", batch);
        Assert.Equal((3, $"checks: must be 1 to 1000, was {checks}"), (reply.Status, reply.Message));
        Assert.Equal(0, edge.Limiter.Begun);
    }

    internal static async Task AssertServes(EdgeFixture edge)
    {
        GrpcTestReply reply = await edge.Grpc.UnaryAsync(Check, Good);
        Assert.Equal((0, 1), (reply.Status, reply.Messages.Count));
    }
}
