using Quota.Silo.Edge.Grpc;
using Quota.Silo.Edge.Http;

namespace Quota.Silo.Protocols.Operations;

/// <summary>One operation, in both protocols.</summary>
internal interface IOperationEndpoint
{
    /// <summary>Its method of <c>quota.v1.QuotaService</c>.</summary>
    GrpcMethod Method { get; }

    /// <summary>Its JSON twin.</summary>
    HttpRoute Route { get; }
}
