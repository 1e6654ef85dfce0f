using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Amazon.Runtime;

namespace Quota.Silo.Store.Dynamo;

/// <summary>
/// Sends one request to DynamoDB, again after failures that pass, until the call's time is over.
/// <para>
/// The SDK's own retries are off: they cannot be told how much time a call has left, and they hide whether a condition failed on
/// the first attempt or on one that follows a lost answer, which is the difference between "somebody else" and "perhaps we".
/// Safe for concurrent use: the client is, and nothing else is shared.
/// </para>
/// </summary>
internal sealed class DynamoCalls(IAmazonDynamoDB client, int timeoutMs, string name) : IDisposable
{
    public StoreCounters Counters { get; } = new();

    public string Name => name;

    /// <summary>One attempt.</summary>
    /// <param name="client">Whom to ask.</param>
    /// <param name="maybeDone">An earlier attempt may have happened, its answer did not come.</param>
    /// <param name="cancellation">Ends the attempt.</param>
    public delegate Task<TResult> Attempt<TResult>(IAmazonDynamoDB client, bool maybeDone, CancellationToken cancellation);

    /// <param name="attempt">What to do; its errors decide what happens next.</param>
    /// <param name="count">Counts one attempt.</param>
    /// <param name="cancellation">Gives up; a write passes <see cref="CancellationToken.None"/>.</param>
    /// <exception cref="StoreException">DynamoDB refuses, or does not answer in time.</exception>
    public async Task<TResult> RunAsync<TResult>(Attempt<TResult> attempt, Action<StoreCounters> count, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var deadline = new StoreDeadline(timeoutMs);
        bool maybeDone = false;
        for (int n = 1; ; n++)
        {
            Exception failure;
            using var cancel = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            cancel.CancelAfter(deadline.Attempt);
            try
            {
                count(Counters);
                return await attempt(client, maybeDone, cancel.Token).ConfigureAwait(false);
            }
            catch (Exception e) when (cancellation.IsCancellationRequested && e is not StoreException)
            {
                throw new OperationCanceledException(e.Message, e, cancellation);
            }
            catch (Exception e) when (e is AmazonClientException or AmazonServiceException or HttpRequestException or IOException or OperationCanceledException or TimeoutException)
            {
                failure = e;
                DynamoFailure kind = DynamoErrors.Judge(e);
                if (kind == DynamoFailure.Refused)
                {
                    throw new StoreException($"{name}: {DynamoErrors.Explain(e)}", e);
                }
                if (kind == DynamoFailure.Busy)
                {
                    Counters.CountThrottle();
                }
                else
                {
                    Counters.CountUnknown();
                    maybeDone = true;
                }
            }
            if (deadline.IsOver || !await deadline.PauseAsync(n, cancellation).ConfigureAwait(false))
            {
                throw new StoreException(
                    $"{name}: no answer within {timeoutMs} ms, {n} attempts{(maybeDone ? "; whether a write among them happened is not known" : "")}: {DynamoErrors.Explain(failure)}",
                    failure)
                { MayPass = true };
            }
            Counters.CountRetry();
        }
    }

    /// <summary>A request that only reads.</summary>
    public Task<TResult> ReadAsync<TResult>(Func<IAmazonDynamoDB, CancellationToken, Task<TResult>> attempt, CancellationToken cancellation) =>
        RunAsync((c, _, cancel) => attempt(c, cancel), static c => c.CountRead(), cancellation);

    /// <summary>A write that may be repeated without harm.</summary>
    public Task<TResult> WriteAsync<TResult>(Func<IAmazonDynamoDB, CancellationToken, Task<TResult>> attempt, CancellationToken cancellation) =>
        RunAsync((c, _, cancel) => attempt(c, cancel), static c => c.CountWrite(), cancellation);

    /// <summary>The item as it is now, or null.</summary>
    public static async Task<Dictionary<string, AttributeValue>?> GetAsync(IAmazonDynamoDB client, string table, Dictionary<string, AttributeValue> key, CancellationToken cancellation)
    {
        GetItemResponse answer = await client.GetItemAsync(new GetItemRequest { TableName = table, Key = key, ConsistentRead = true }, cancellation).ConfigureAwait(false);
        return answer.Item is { Count: > 0 } item ? item : null;
    }

    public void Dispose() => client.Dispose();
}
