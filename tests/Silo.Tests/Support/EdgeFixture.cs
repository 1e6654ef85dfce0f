using System.Net;
using Microsoft.Extensions.Logging;
using Quota.Silo.Edge;
using Quota.Silo.Edge.Grpc;
using Quota.Silo.Edge.Http;
using Quota.Silo.Hosting;

namespace Quota.Silo.Tests.Support;

/// <summary>A real edge on loopback with free ports, over a limiter of the test.</summary>
internal sealed class EdgeFixture : IAsyncDisposable
{
    private EdgeFixture(EdgeServer server, EdgeEndpoints endpoints, TestLimiter limiter, RecordingOperations operations, ServingState serving, TestLog log)
    {
        Operations = operations;
        Log = log;
        Server = server;
        Limiter = limiter;
        Serving = serving;
        Endpoints = endpoints;
        Grpc = new GrpcTestClient(endpoints.Grpc);
        Http = new HttpClient { BaseAddress = new Uri($"http://{endpoints.Http}"), DefaultRequestVersion = HttpVersion.Version11 };
    }

    public EdgeServer Server { get; }

    /// <summary>What the edge logged.</summary>
    public TestLog Log { get; }

    public EdgeEndpoints Endpoints { get; }

    public TestLimiter Limiter { get; }

    public RecordingOperations Operations { get; }

    public ServingState Serving { get; }

    public GrpcTestClient Grpc { get; }

    public HttpClient Http { get; }

    public static async Task<EdgeFixture> StartAsync(Func<SiloSettings, SiloSettings>? change = null, IReadOnlyList<IGrpcService>? services = null, ILoggerFactory? loggers = null, IReadOnlyList<HttpRoute>? routes = null)
    {
        SiloSettings settings = new() { GrpcListen = "127.0.0.1:0", HttpListen = "127.0.0.1:0" };
        TestLimiter limiter = new();
        RecordingOperations operations = new(limiter);
        TestLog log = loggers as TestLog ?? new TestLog();
        ServingState serving = new();
        EdgeServer server = new(change?.Invoke(settings) ?? settings, limiter, operations, serving, services ?? [], loggers ?? log, routes);
        EdgeEndpoints endpoints = await server.StartAsync();
        serving.Set(ServingStatus.Serving);
        return new EdgeFixture(server, endpoints, limiter, operations, serving, log);
    }

    public async ValueTask DisposeAsync()
    {
        Limiter.Gate.TrySetResult();
        Grpc.Dispose();
        Http.Dispose();
        await Server.DisposeAsync();
    }
}
