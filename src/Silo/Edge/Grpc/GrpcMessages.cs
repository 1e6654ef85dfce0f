using Google.Protobuf;

namespace Quota.Silo.Edge.Grpc;

/// <summary>Methods over generated Google.Protobuf messages, for services that are not worth a codec of their own.</summary>
public static class GrpcMessages
{
    /// <summary>A method that takes one message and answers one; a result without a value ends the call with its status.</summary>
    public static GrpcMethod Unary<TRequest>(string name, MessageParser<TRequest> parser, Func<TRequest, IGrpcCall, ValueTask<(IMessage? Response, GrpcStatus Status)>> handler, GrpcAdmission admission = GrpcAdmission.Call)
        where TRequest : IMessage<TRequest> =>
        new(name, GrpcMethodKind.Unary, async call =>
        {
            (TRequest? request, GrpcStatus status) = await ReadMessageAsync(call, parser).ConfigureAwait(false);
            if (request is null)
            {
                return status;
            }
            (IMessage? response, status) = await handler(request, call).ConfigureAwait(false);
            if (response is not null && status.IsOk)
            {
                EndMessage(call, response);
            }
            return status;
        }, admission);

    /// <summary>A method that takes one message and answers many.</summary>
    public static GrpcMethod ServerStreaming<TRequest>(string name, MessageParser<TRequest> parser, Func<TRequest, IGrpcCall, ValueTask<GrpcStatus>> handler, GrpcAdmission admission = GrpcAdmission.Stream)
        where TRequest : IMessage<TRequest> =>
        new(name, GrpcMethodKind.ServerStreaming, async call =>
        {
            (TRequest? request, GrpcStatus status) = await ReadMessageAsync(call, parser).ConfigureAwait(false);
            return request is null ? status : await handler(request, call).ConfigureAwait(false);
        }, admission);

    /// <summary>The next message, or null and the status at the end (OK) or on an error.</summary>
    public static async ValueTask<(TRequest? Request, GrpcStatus Status)> ReadMessageAsync<TRequest>(this IGrpcCall call, MessageParser<TRequest> parser)
        where TRequest : IMessage<TRequest>
    {
        GrpcRead read = await call.ReadAsync().ConfigureAwait(false);
        if (!read.HasMessage)
        {
            return (default, read.Status);
        }
        try
        {
            return (parser.ParseFrom(read.Message.Span), GrpcStatus.Ok);
        }
        catch (InvalidProtocolBufferException)
        {
            return (default, new GrpcStatus(GrpcStatusCode.InvalidArgument, "request: malformed protobuf"));
        }
    }

    /// <summary>Queues <paramref name="message"/> as the next response.</summary>
    public static void EndMessage(this IGrpcCall call, IMessage message)
    {
        message.WriteTo(call.Response);
        call.EndMessage();
    }
}
