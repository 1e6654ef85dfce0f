using Quota.Contracts;
using Quota.Silo.Catalog.Config;
using Quota.Silo.Definitions;
using Quota.Silo.Edge.Grpc;
using Quota.Silo.Edge.Http;

namespace Quota.Silo.Protocols.Admin;

/// <summary>Errors of the administration in the words of both protocols, and who asked.</summary>
internal static class AdminErrors
{
    /// <summary>Metadata, or header, with the caller's name for the audit trail.</summary>
    public const string ActorHeader = "quota-actor";

    public static GrpcStatus Status(DefinitionError error) => new(
        error.Code switch
        {
            DefinitionErrorCode.Invalid => GrpcStatusCode.InvalidArgument,
            DefinitionErrorCode.NotFound => GrpcStatusCode.NotFound,
            DefinitionErrorCode.AlreadyExists => GrpcStatusCode.AlreadyExists,
            DefinitionErrorCode.Unavailable => GrpcStatusCode.Unavailable,
            _ => GrpcStatusCode.FailedPrecondition,
        },
        error.ToString());

    public static Task WriteAsync(HttpContext http, DefinitionError error) => ProblemDocument.WriteAsync(
        http,
        error.Code switch
        {
            DefinitionErrorCode.Invalid => StatusCodes.Status400BadRequest,
            DefinitionErrorCode.NotFound => StatusCodes.Status404NotFound,
            DefinitionErrorCode.Stale => StatusCodes.Status412PreconditionFailed,
            DefinitionErrorCode.Unavailable => StatusCodes.Status503ServiceUnavailable,
            _ => StatusCodes.Status409Conflict,
        },
        error.Message,
        error.Field.Length > 0 ? error.Field : null);

    /// <summary>Who asks: the name given, or the peer's address; an error if the name will not do.</summary>
    public static DefinitionError? Actor(string? given, string? peer, out string actor)
    {
        actor = string.IsNullOrEmpty(given) ? peer ?? "unknown" : given;
        return string.IsNullOrEmpty(given) || NameRules.Problem(given, 0, Bounds.ActorBytesMax) is not { } problem
            ? null
            : new DefinitionError(DefinitionErrorCode.Invalid, ActorHeader, problem);
    }
}
