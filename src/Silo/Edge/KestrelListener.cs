using System.Net;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;
using Quota.Contracts;

namespace Quota.Silo.Edge;

/// <summary>One Kestrel server with one endpoint and one protocol, without ASP.NET's host around it.</summary>
internal sealed class KestrelListener : IDisposable
{
    private readonly KestrelServer _server;

    /// <param name="listen">Address and port; port 0 picks a free one.</param>
    /// <param name="protocols">HTTP/1.1 or HTTP/2, one of them: without TLS nothing negotiates.</param>
    /// <param name="connectionsMax">Open connections.</param>
    /// <param name="loggers">For the server's own warnings.</param>
    public KestrelListener(IPEndPoint listen, HttpProtocols protocols, int connectionsMax, ILoggerFactory loggers)
    {
        KestrelServerOptions options = CreateOptions(connectionsMax);
        if (protocols == HttpProtocols.Http2)
        {
            // Messages are bounded one by one; a stream of them is not.
            options.Limits.MaxRequestBodySize = null;
        }
        options.Listen(listen, endpoint => endpoint.Protocols = protocols);
        SocketTransportFactory transport = new(Options.Create(new SocketTransportOptions()), loggers);
        _server = new KestrelServer(Options.Create(options), transport, loggers);
    }

    /// <summary>Where it listens, once started.</summary>
    public IPEndPoint Endpoint
    {
        get
        {
            Uri address = new(_server.Features.Get<IServerAddressesFeature>()!.Addresses.Single());
            return new IPEndPoint(IPAddress.Parse(address.Host.Trim('[', ']')), address.Port);
        }
    }

    /// <summary>Binds and serves.</summary>
    /// <exception cref="IOException">The address is in use.</exception>
    public Task StartAsync<TContext>(IHttpApplication<TContext> application, CancellationToken cancel)
        where TContext : notnull => _server.StartAsync(application, cancel);

    /// <summary>Tells connections to go away (GOAWAY), and waits for calls in flight until <paramref name="cancel"/> fires; then aborts them.</summary>
    public Task StopAsync(CancellationToken cancel) => _server.StopAsync(cancel);

    public void Dispose() => _server.Dispose();

    internal static KestrelServerOptions CreateOptions(int connectionsMax)
    {
        KestrelServerOptions options = new() { AddServerHeader = false };
        KestrelServerLimits limits = options.Limits;
        limits.MaxConcurrentConnections = connectionsMax;
        limits.MaxRequestHeadersTotalSize = Bounds.HeaderBytesMax;
        limits.MaxRequestBodySize = Bounds.MessageBytesMax;
        limits.KeepAliveTimeout = TimeSpan.FromMilliseconds(Bounds.KeepAliveMs);
        limits.Http2.MaxStreamsPerConnection = Bounds.StreamsPerConnectionMax;
        limits.Http2.MaxRequestHeaderFieldSize = Bounds.HeaderBytesMax;
        limits.Http2.InitialStreamWindowSize = Bounds.StreamWindowBytes;
        limits.Http2.InitialConnectionWindowSize = Bounds.ConnectionWindowBytes;
        limits.Http2.KeepAlivePingDelay = TimeSpan.FromMilliseconds(Bounds.KeepAlivePingMs);
        limits.Http2.KeepAlivePingTimeout = TimeSpan.FromMilliseconds(Bounds.KeepAlivePingTimeoutMs);
        return options;
    }
}
