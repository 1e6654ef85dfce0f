using Quota.Silo.Edge.Grpc;
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
        DecisionStatus.Overloaded => GrpcStatusCode.ResourceExhausted,
        DecisionStatus.Unavailable => GrpcStatusCode.Unavailable,
        _ => GrpcStatusCode.Internal,
    };

    /// <summary>The field's name and what is wrong with it: <c>key: must be 1 to 256 bytes, was 0</c>.</summary>
    public static string Message(Decision decision)
    {
        string what = decision.ErrorMessage ?? "there is no decision";
        string message = decision.ErrorField is { } field ? $"{field}: {what}" : what;
        return message.Length <= MessageCharsMax ? message : message[..MessageCharsMax];
    }

    /// <summary>The status a unary call ends with.</summary>
    public static GrpcStatus Status(Decision decision) => new(Code(decision.Status), Message(decision));
}
