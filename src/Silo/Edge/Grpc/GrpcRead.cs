namespace Quota.Silo.Edge.Grpc;

/// <summary>What reading a call gave: a message, the end of the caller's messages, or an error to end the call with.</summary>
public readonly struct GrpcRead
{
    private GrpcRead(ReadOnlyMemory<byte> message, bool hasMessage, GrpcStatus status)
    {
        Message = message;
        HasMessage = hasMessage;
        Status = status;
    }

    /// <summary>The caller has sent all of its messages.</summary>
    public static GrpcRead End => default;

    public ReadOnlyMemory<byte> Message { get; }

    public bool HasMessage { get; }

    /// <summary>Without a message: OK at the end, otherwise what to answer.</summary>
    public GrpcStatus Status { get; }

    public static GrpcRead Of(ReadOnlyMemory<byte> message) => new(message, true, GrpcStatus.Ok);

    public static GrpcRead Failed(GrpcStatusCode code, string message) => new(default, false, new GrpcStatus(code, message));

    public static GrpcRead Failed(GrpcStatus status) => new(default, false, status);
}
