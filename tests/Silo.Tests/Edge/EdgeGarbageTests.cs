using System.Net.Sockets;
using System.Text;
using Quota.Contracts.V1;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Edge;

/// <summary>Bytes that are no HTTP/2, on the gRPC port: the connection ends, the server goes on, the log stays small.</summary>
public sealed class EdgeGarbageTests
{
    private static readonly byte[] Preface = Encoding.ASCII.GetBytes("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
    private static readonly byte[] Settings = [0, 0, 0, 4, 0, 0, 0, 0, 0];

    public static TheoryData<string, byte[]> Garbage => new()
    {
        { "HTTP/1.1", Encoding.ASCII.GetBytes("GET / HTTP/1.1\r\nHost: x\r\n\r\n") },
        { "TLS hello", [0x16, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3, .. new byte[190]] },
        { "zeros", new byte[200] },
        { "no settings", [.. Preface, 0, 0, 0, 0, 0, 0, 0, 0, 1] },
        { "oversized frame", [.. Preface, .. Settings, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0, 0, 1] },
        { "data on stream 0", [.. Preface, .. Settings, 0, 0, 1, 0, 0, 0, 0, 0, 0, 7] },
        { "headers on an even stream", [.. Preface, .. Settings, 0, 0, 1, 1, 5, 0, 0, 0, 2, 0x82] },
        { "broken HPACK", [.. Preface, .. Settings, 0, 0, 3, 1, 5, 0, 0, 0, 1, 0xFF, 0xFF, 0xFF] },
        { "lone continuation", [.. Preface, .. Settings, 0, 0, 1, 9, 4, 0, 0, 0, 1, 0x82] },
        { "push promise", [.. Preface, .. Settings, 0, 0, 5, 5, 4, 0, 0, 0, 1, 0, 0, 0, 2, 0x82] },
        { "window overflow", [.. Preface, .. Settings, 0, 0, 4, 8, 0, 0, 0, 0, 0, 0x7F, 0xFF, 0xFF, 0xFF] },
        { "short ping", [.. Preface, .. Settings, 0, 0, 3, 6, 0, 0, 0, 0, 0, 1, 2, 3] },
    };

    [Theory]
    [MemberData(nameof(Garbage))]
    public async Task Garbage_ends_its_connection_only(string name, byte[] bytes)
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        await EdgeUnaryTests.AssertServes(edge);
        byte[] answer = await SendAsync(edge, bytes);
        Assert.True(answer.Length < 4096, name);
        await EdgeUnaryTests.AssertServes(edge);
        Assert.Empty(edge.Log.Lines);
    }

    [Fact]
    public async Task Random_bytes_after_the_preface_never_stop_the_server()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        const int Seed = 20_240_607;
        Random random = new(Seed);
        for (int i = 0; i < 60; i++)
        {
            byte[] noise = new byte[random.Next(1, 400)];
            random.NextBytes(noise);
            await SendAsync(edge, i % 2 == 0 ? [.. Preface, .. Settings, .. noise] : noise);
        }
        await EdgeUnaryTests.AssertServes(edge);
        Assert.True(edge.Log.Lines.Count <= 10, $"seed {Seed}: {string.Join('\n', edge.Log.Lines)}");
    }

    [Fact]
    public async Task Headers_above_their_bound_are_refused()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync();
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => edge.Grpc.UnaryAsync("/quota.v1.QuotaService/CheckQuota", new CheckQuotaRequest(), ("x-large", new string('x', 20_000))));
        await EdgeUnaryTests.AssertServes(edge);
        Assert.Empty(edge.Log.Lines);
    }

    [Fact]
    public async Task Connections_beyond_the_bound_are_closed()
    {
        await using EdgeFixture edge = await EdgeFixture.StartAsync(s => s with { ConnectionsMax = 1 });
        await EdgeUnaryTests.AssertServes(edge);
        for (int i = 0; i < 20; i++)
        {
            Assert.Empty(await SendAsync(edge, Preface));
        }
        await EdgeUnaryTests.AssertServes(edge);
        Assert.True(edge.Log.Lines.Count <= 3, string.Join('\n', edge.Log.Lines));
    }

    private static async Task<byte[]> SendAsync(EdgeFixture edge, byte[] bytes)
    {
        using CancellationTokenSource patience = new(TimeSpan.FromSeconds(20));
        using TcpClient client = new();
        await client.ConnectAsync(edge.Endpoints.Grpc, patience.Token);
        NetworkStream stream = client.GetStream();
        using MemoryStream answer = new();
        try
        {
            await stream.WriteAsync(bytes, patience.Token);
            client.Client.Shutdown(SocketShutdown.Send);
            await stream.CopyToAsync(answer, patience.Token);
        }
        catch (Exception e) when (e is IOException or SocketException)
        {
            // The server may reset what it does not want to read.
        }
        return answer.ToArray();
    }
}
