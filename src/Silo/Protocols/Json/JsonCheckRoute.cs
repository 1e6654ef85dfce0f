using System.Buffers;
using System.IO.Pipelines;
using Quota.Contracts;
using Quota.Grains;
using Quota.Silo.Edge.Grpc;
using Quota.Silo.Edge.Http;
using Quota.Silo.Limiting;
using Quota.Silo.Protocols.Native;

namespace Quota.Silo.Protocols.Json;

/// <summary>
/// <c>POST /v1/check</c>: the JSON twin of CheckQuota, for callers without gRPC. An allowed and a refused check are both 200;
/// the status of the caller's own answer is the caller's business.
/// </summary>
public sealed class JsonCheckRoute
{
    /// <summary>Where it is served.</summary>
    public const string Path = "/v1/check";

    private readonly ILimiter _limiter;

    private JsonCheckRoute(ILimiter limiter) => _limiter = limiter;

    /// <summary>The route over <paramref name="limiter"/>.</summary>
    public static HttpRoute Create(ILimiter limiter) => new("POST", Path, new JsonCheckRoute(limiter).HandleAsync);

    private async Task HandleAsync(HttpContext http)
    {
        if (!IsJson(http.Request.ContentType))
        {
            await ProblemDocument.WriteAsync(http, StatusCodes.Status415UnsupportedMediaType, "the body must be application/json").ConfigureAwait(false);
            return;
        }
        PipeReader body = http.Request.BodyReader;
        ReadResult read = await body.ReadAtLeastAsync(Bounds.JsonCheckBytesMax + 1, http.RequestAborted).ConfigureAwait(false);
        if (read.Buffer.Length > Bounds.JsonCheckBytesMax)
        {
            body.AdvanceTo(read.Buffer.End);
            await ProblemDocument.WriteAsync(http, StatusCodes.Status413PayloadTooLarge, $"the body must be at most {Bounds.JsonCheckBytesMax} bytes").ConfigureAwait(false);
            return;
        }
        Decision decision = new();
        PendingCheck pending = Begin(read.Buffer, decision);
        body.AdvanceTo(read.Buffer.End);
        if (pending.Begun)
        {
            await _limiter.CompleteAsync(decision).ConfigureAwait(false);
        }
        if (decision.Status != DecisionStatus.Decided)
        {
            await ProblemDocument.WriteAsync(http, HttpStatus(decision.Status), DecisionErrors.Message(decision), decision.ErrorField).ConfigureAwait(false);
            return;
        }
        ArrayBufferWriter<byte> answer = new(512);
        JsonCheckWriter.Write(answer, decision, pending.Options);
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = answer.WrittenCount;
        await http.Response.BodyWriter.WriteAsync(answer.WrittenMemory, http.RequestAborted).ConfigureAwait(false);
    }

    private PendingCheck Begin(in ReadOnlySequence<byte> body, Decision decision)
    {
        int length = (int)body.Length;
        byte[] rented = ArrayPool<byte>.Shared.Rent(2 * length);
        Span<AttributeRange> ranges = stackalloc AttributeRange[Bounds.AttributesMax];
        try
        {
            body.CopyTo(rented);
            Instant now = _limiter.Now();
            if (JsonCheckReader.TryRead(rented.AsSpan(0, length), rented.AsSpan(length, length), ranges, out CheckRequest request, out CheckOptions options, out RequestError error))
            {
                _limiter.Begin(request, now, decision);
                return new PendingCheck { Options = options, Begun = true };
            }
            decision.Reset(now);
            decision.Reject(DecisionStatus.InvalidArgument, error.Field, error.Message);
            return default;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rented);
        }
    }

    private static int HttpStatus(DecisionStatus status) => DecisionErrors.Code(status) switch
    {
        GrpcStatusCode.InvalidArgument => StatusCodes.Status400BadRequest,
        GrpcStatusCode.NotFound => StatusCodes.Status404NotFound,
        GrpcStatusCode.Internal => StatusCodes.Status500InternalServerError,
        _ => StatusCodes.Status503ServiceUnavailable,
    };

    private static bool IsJson(string? contentType)
    {
        ReadOnlySpan<char> type = contentType.AsSpan();
        int parameters = type.IndexOf(';');
        return (parameters < 0 ? type : type[..parameters]).Trim().Equals("application/json", StringComparison.OrdinalIgnoreCase);
    }
}
