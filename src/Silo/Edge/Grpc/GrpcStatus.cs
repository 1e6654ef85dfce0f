namespace Quota.Silo.Edge.Grpc;

/// <summary>How a call ended. Operational errors are values of this type, not exceptions.</summary>
/// <param name="Code">The gRPC status code.</param>
/// <param name="Message">For people; sent percent-encoded, cut at <see cref="Contracts.Bounds.GrpcMessageBytesMax"/>.</param>
public readonly record struct GrpcStatus(GrpcStatusCode Code, string? Message = null)
{
    /// <summary>The call succeeded.</summary>
    public static GrpcStatus Ok => default;

    public bool IsOk => Code == GrpcStatusCode.Ok;
}
