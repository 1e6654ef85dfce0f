using System.Net;

namespace Quota.Silo.Edge;

/// <summary>Where the silo listens, with the ports that were bound.</summary>
/// <param name="Grpc">gRPC: HTTP/2 without TLS.</param>
/// <param name="Http">HTTP/1.1.</param>
public sealed record EdgeEndpoints(IPEndPoint Grpc, IPEndPoint Http);
