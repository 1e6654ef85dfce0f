using System.Net;
using Amazon.DynamoDBv2.Model;
using Amazon.Runtime;

namespace Quota.Silo.Store.Dynamo;

/// <summary>Reads the errors of DynamoDB.</summary>
internal static class DynamoErrors
{
    private const string ConditionFailed = "ConditionalCheckFailed";

    public static DynamoFailure Judge(Exception e) => e switch
    {
        TransactionCanceledException t => JudgeReasons(t),
        TransactionInProgressException => DynamoFailure.Unknown,
        TransactionConflictException or ProvisionedThroughputExceededException or RequestLimitExceededException or Amazon.DynamoDBv2.Model.ThrottlingException => DynamoFailure.Busy,
        AmazonServiceException { ErrorCode: "ThrottlingException" or "Throttling" or "RequestThrottled" or "SlowDown" or "TableInUseException" } => DynamoFailure.Busy,
        // A signature that has expired under way was refused before anything was done.
        AmazonServiceException { StatusCode: >= HttpStatusCode.BadRequest and < HttpStatusCode.InternalServerError } => DynamoFailure.Refused,
        AmazonServiceException => DynamoFailure.Unknown,
        HttpRequestException or IOException or OperationCanceledException or TimeoutException => DynamoFailure.Unknown,
        // The SDK's own errors: a cut-off answer, a broken connection; or no credentials, which nothing was sent with.
        AmazonClientException c => IsBeforeSending(c) ? DynamoFailure.Refused : DynamoFailure.Unknown,
        _ => DynamoFailure.Unknown,
    };

    /// <summary>Whether a condition is among the reasons: then the answer to the commit is no.</summary>
    public static bool IsLostCondition(TransactionCanceledException e) => e.CancellationReasons?.Any(r => r.Code == ConditionFailed) ?? false;

    /// <summary>One line for an operator; a missing right is named.</summary>
    public static string Explain(Exception e) => e switch
    {
        AmazonServiceException { ErrorCode: "AccessDeniedException" } a => $"the role lacks a right: {a.Message}",
        AmazonServiceException { ErrorCode: "UnrecognizedClientException" or "InvalidSignatureException" or "ExpiredTokenException" or "MissingAuthenticationTokenException" } a => $"the credentials are refused: {a.Message}",
        ResourceNotFoundException r => $"the table is gone: {r.Message}",
        AmazonServiceException a when !string.IsNullOrEmpty(a.ErrorCode) => $"{a.Message} ({a.ErrorCode})",
        OperationCanceledException => "timed out",
        { InnerException: { } inner } => $"{e.Message} ({inner.Message})",
        _ => e.Message,
    };

    private static DynamoFailure JudgeReasons(TransactionCanceledException e)
    {
        foreach (CancellationReason reason in e.CancellationReasons ?? [])
        {
            if (reason.Code is not (null or "None" or ConditionFailed or "TransactionConflict" or "ThrottlingError" or "ProvisionedThroughputExceeded"))
            {
                return DynamoFailure.Refused;
            }
        }
        return DynamoFailure.Busy;
    }

    private static bool IsBeforeSending(AmazonClientException e) =>
        e.Message.Contains("credentials", StringComparison.OrdinalIgnoreCase) || e.Message.Contains("RegionEndpoint", StringComparison.Ordinal);
}
