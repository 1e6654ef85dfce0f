using Google.Protobuf.Reflection;

namespace Quota.Silo.Edge.Grpc;

/// <summary>A gRPC service: registering one instance with the edge serves it, its reflection included.</summary>
public interface IGrpcService
{
    /// <summary>Package and name, as in the path: <c>quota.v1.QuotaService</c>.</summary>
    string FullName { get; }

    /// <summary>The file that declares the service, for reflection; null for a service without one.</summary>
    FileDescriptor? File { get; }

    IReadOnlyList<GrpcMethod> Methods { get; }
}
