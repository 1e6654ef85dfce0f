using System.Buffers;
using System.Text.Json;
using Google.Protobuf;
using Quota.Silo.Edge.Grpc;
using Quota.Silo.Edge.Http;
using Quota.Silo.Limiting;
using Quota.Silo.Protocols.Json;
using Quota.Silo.Protocols.Native;

namespace Quota.Silo.Protocols.Operations;

/// <summary>One operation as a gRPC method and as its JSON twin. Immutable.</summary>
/// <param name="name">The method's name; the route's in lower case.</param>
/// <param name="parser">Of the request.</param>
/// <param name="read">What the request asks for, or what is wrong with it.</param>
/// <param name="run">Does it.</param>
/// <param name="writeProto">Writes the answer's message.</param>
/// <param name="writeJson">Writes the answer's object.</param>
internal sealed class OperationEndpoint<TRequest, TInput, TValue>(
    string name,
    MessageParser<TRequest> parser,
    Func<TRequest, (TInput? Input, RequestError Error)> read,
    Func<TInput, ValueTask<Outcome<TValue>>> run,
    Action<IBufferWriter<byte>, TValue> writeProto,
    Action<Utf8JsonWriter, TValue> writeJson) : IOperationEndpoint
    where TRequest : class, IMessage<TRequest>, new()
    where TInput : class
    where TValue : class
{
    public GrpcMethod Method => new(name, GrpcMethodKind.Unary, CallAsync);

    public HttpRoute Route => new("POST", "/v1/" + name.ToLowerInvariant(), PostAsync);

    private async ValueTask<GrpcStatus> CallAsync(IGrpcCall call)
    {
        (TRequest? request, GrpcStatus status) = await call.ReadMessageAsync(parser).ConfigureAwait(false);
        if (request is null)
        {
            return status;
        }
        Outcome<TValue> outcome = await RunAsync(request).ConfigureAwait(false);
        if (!outcome.IsDone)
        {
            return DecisionErrors.Status(outcome.Status, outcome.ErrorField, outcome.ErrorMessage);
        }
        writeProto(call.Response, outcome.Value!);
        call.EndMessage();
        return GrpcStatus.Ok;
    }

    private async Task PostAsync(HttpContext http)
    {
        using JsonBody? body = await JsonBody.ReadAsync(http).ConfigureAwait(false);
        if (body is null)
        {
            return;
        }
        TRequest request = new();
        Outcome<TValue> outcome = JsonMessageReader.TryRead(body.Text, body.Scratch, request, out RequestError error)
            ? await RunAsync(request).ConfigureAwait(false)
            : Bad(error);
        if (!outcome.IsDone)
        {
            await DecisionErrors.WriteProblemAsync(http, outcome.Status, outcome.ErrorField, outcome.ErrorMessage).ConfigureAwait(false);
            return;
        }
        await JsonBody.WriteAsync(http, outcome.Value!, writeJson).ConfigureAwait(false);
    }

    private ValueTask<Outcome<TValue>> RunAsync(TRequest request)
    {
        (TInput? input, RequestError error) = read(request);
        return input is null ? new ValueTask<Outcome<TValue>>(Bad(error)) : run(input);
    }

    private static Outcome<TValue> Bad(in RequestError error) => Outcome<TValue>.Failed(DecisionStatus.InvalidArgument, error.Field, error.Message);
}
