using Quota.Silo.Edge.Grpc;
using Quota.Silo.Edge.Http;
using Quota.Silo.Limiting;

namespace Quota.Silo.Protocols.Native;

/// <summary>How the absence of a decision is told to callers.</summary>
internal static class DecisionErrors
{
    /// <summary>Most characters of a message; callers get the rule that was broken, not their own bytes back.</summary>
    private const int MessageCharsMax = 512;

    /// <summary>The gRPC status code of a decision that is none.</summary>
    public static GrpcStatusCode Code(DecisionStatus status) => status switch
    {
        DecisionStatus.InvalidArgument => GrpcStatusCode.InvalidArgument,
        DecisionStatus.NotFound => GrpcStatusCode.NotFound,
        DecisionStatus.FailedPrecondition => GrpcStatusCode.FailedPrecondition,
        DecisionStatus.Overloaded => GrpcStatusCode.ResourceExhausted,
        DecisionStatus.Unavailable => GrpcStatusCode.Unavailable,
        _ => GrpcStatusCode.Internal,
    };

    /// <summary>The HTTP status of the same.</summary>
    public static int HttpStatus(DecisionStatus status) => status switch
    {
        DecisionStatus.InvalidArgument => StatusCodes.Status400BadRequest,
        DecisionStatus.NotFound => StatusCodes.Status404NotFound,
        DecisionStatus.FailedPrecondition => StatusCodes.Status409Conflict,
        DecisionStatus.Overloaded or DecisionStatus.Unavailable => StatusCodes.Status503ServiceUnavailable,
        _ => StatusCodes.Status500InternalServerError,
    };

    /// <summary>The field's name and what is wrong with it: <c>key: must be 1 to 256 bytes, was 0</c>.</summary>
    public static string Message(Decision decision) => Message(decision.ErrorField, decision.ErrorMessage);

    /// <summary>The status a unary call ends with.</summary>
    public static GrpcStatus Status(Decision decision) => Status(decision.Status, decision.ErrorField, decision.ErrorMessage);

    /// <inheritdoc cref="Status(Decision)"/>
    public static GrpcStatus Status(DecisionStatus status, string? field, string? message) => new(Code(status), Message(field, message));

    /// <summary>Answers with the problem document of the same.</summary>
    public static Task WriteProblemAsync(HttpContext http, DecisionStatus status, string? field, string? message) =>
        ProblemDocument.WriteAsync(http, HttpStatus(status), Message(field, message), field);

    private static string Message(string? field, string? what)
    {
        what ??= "there is no decision";
        string message = field is null ? what : $"{field}: {what}";
        return message.Length <= MessageCharsMax ? message : message[..MessageCharsMax];
    }
}
