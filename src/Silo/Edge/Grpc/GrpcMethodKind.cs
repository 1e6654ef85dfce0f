namespace Quota.Silo.Edge.Grpc;

/// <summary>Who sends how many messages.</summary>
public enum GrpcMethodKind
{
    /// <summary>One message in, one out.</summary>
    Unary,

    /// <summary>One message in, any number out.</summary>
    ServerStreaming,

    /// <summary>Any number of messages in and out, in any order.</summary>
    Duplex,
}
