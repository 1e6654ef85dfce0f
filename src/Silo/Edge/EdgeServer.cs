using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Quota.Contracts;
using Quota.Grains;
using Quota.Silo.Catalog.Config;
using Quota.Silo.Edge.Grpc;
using Quota.Silo.Edge.Grpc.Kestrel;
using Quota.Silo.Edge.Http;
using Quota.Silo.Hosting;
using Quota.Silo.Limiting;
using Quota.Silo.Protocols.Health;
using Quota.Silo.Protocols.Json;
using Quota.Silo.Protocols.Native;
using Quota.Silo.Protocols.Operations;
using Quota.Silo.Protocols.Reflection;

namespace Quota.Silo.Edge;

/// <summary>
/// Everything between the sockets and <see cref="ILimiter"/>: both listeners, the protocols on them, and the bounds on the work
/// taken on. Started once, stopped once.
/// <para>Safety: start and stop are called by the host, one after the other; requests only touch what is immutable or says itself why it is safe.</para>
/// </summary>
public sealed class EdgeServer : IAsyncDisposable
{
    private readonly SiloSettings _settings;
    private readonly ServingState _serving;
    private readonly CancellationTokenSource _draining = new();
    private readonly KestrelListener _grpc;
    private readonly KestrelListener _http;
    private readonly KestrelGrpcApplication _grpcApplication;
    private readonly HttpRouter _router;
    private bool _stopped;

    /// <param name="settings">Addresses and bounds.</param>
    /// <param name="limiter">Decides.</param>
    /// <param name="operations">Does what is not a check.</param>
    /// <param name="serving">What health checks report; set to draining by <see cref="StopAsync"/>.</param>
    /// <param name="services">Further gRPC services.</param>
    /// <param name="loggers">Where faults are logged.</param>
    /// <param name="routes">Further HTTP endpoints.</param>
    public EdgeServer(SiloSettings settings, ILimiter limiter, IGrainOperations operations, ServingState serving, IReadOnlyList<IGrpcService> services, ILoggerFactory loggers, IReadOnlyList<HttpRoute>? routes = null)
    {
        _settings = settings;
        _serving = serving;
        Shedder = new LoadShedder(settings.InFlightMax, Bounds.StreamsMax);
        RateLimitedLog log = new(loggers.CreateLogger<EdgeServer>());

        List<IGrpcService> all = [new QuotaService(limiter, operations, Shedder), .. services];
        all.Add(new HealthService(serving, all.Select(s => s.FullName)));
        all.Add(new ReflectionService([.. all]));
        _grpcApplication = new KestrelGrpcApplication(new GrpcServiceTable(all), Shedder, log, _draining.Token);
        _router = new HttpRouter([.. JsonCheckRoute.Create(limiter, operations), .. OperationEndpoints.Create(operations).Select(o => o.Route), .. HealthRoutes.Create(serving), .. routes ?? [], PointerRoute()], Shedder, log);

        QuietLoggerFactory quiet = new(loggers);
        _grpc = new KestrelListener(Address(settings.GrpcListen), HttpProtocols.Http2, settings.ConnectionsMax, quiet);
        _http = new KestrelListener(Address(settings.HttpListen), HttpProtocols.Http1, settings.ConnectionsMax, quiet);
    }

    /// <summary>The bounds on work in flight, and how much there is.</summary>
    public LoadShedder Shedder { get; }

    /// <summary>Binds both listeners and serves.</summary>
    /// <returns>Where they listen.</returns>
    /// <exception cref="IOException">An address is in use.</exception>
    /// <exception cref="System.Net.Sockets.SocketException">An address is not one of this machine's, or not allowed.</exception>
    public async Task<EdgeEndpoints> StartAsync(CancellationToken cancel = default)
    {
        await _grpc.StartAsync(_grpcApplication, cancel).ConfigureAwait(false);
        await _http.StartAsync(_router, cancel).ConfigureAwait(false);
        return new EdgeEndpoints(_grpc.Endpoint, _http.Endpoint);
    }

    /// <summary>
    /// Drains: 1. health checks say no; 2. streams finish what they have begun and end; 3. connections are told to go away and
    /// calls in flight get <see cref="SiloSettings.DrainTimeoutMs"/> to end, after which they are aborted.
    /// </summary>
    public async Task StopAsync(CancellationToken cancel = default)
    {
        if (_stopped)
        {
            return;
        }
        _stopped = true;
        _serving.Set(ServingStatus.Draining);
        await _draining.CancelAsync().ConfigureAwait(false);
        using CancellationTokenSource timeout = CancellationTokenSource.CreateLinkedTokenSource(cancel);
        timeout.CancelAfter(_settings.DrainTimeoutMs);
        await Task.WhenAll(_grpc.StopAsync(timeout.Token), _http.StopAsync(timeout.Token)).ConfigureAwait(false);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        _grpc.Dispose();
        _http.Dispose();
        _draining.Dispose();
    }

    private static IPEndPoint Address(string listen)
    {
        Invariant.Check(ListenText.TryParse(listen, out IPEndPoint address));
        return address;
    }

    private static HttpRoute PointerRoute() => new("GET", "/", static http =>
    {
        http.Response.ContentType = "text/plain";
        return http.Response.WriteAsync($"Quota. POST {JsonCheckRoute.Path} decides; /livez and /readyz tell its health; gRPC is on its own port.\n", http.RequestAborted);
    }, Sheddable: false);
}
