using System.Security.Cryptography;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Quota.Contracts;

namespace Quota.Silo.Store.Dynamo;

/// <summary>
/// One conditional commit.
/// <para>
/// One save is a conditional put with a token drawn for it: a put costs half of a transaction. If its answer is lost it is sent
/// again; when the condition then fails and the item has our token, it was we who changed it. If it has another, the item has
/// changed since, and it is not known whether ours came before. A single deletion leaves no item that could tell, so it is a
/// transaction, as are several saves: DynamoDB remembers a transaction's request token for ten minutes, and whoever sends it
/// again within this time is told that it happened, and nothing happens twice.
/// </para>
/// </summary>
internal sealed class DynamoCommit
{
    private const int TokenBytes = 8;
    private const string MustNotExist = "attribute_not_exists(" + DynamoItem.Sort + ")";
    private const string MustBeVersion = DynamoItem.Version + " = :v";
    private readonly string _table;
    private readonly IReadOnlyList<GrainSave> _saves;
    private readonly byte[] _token = RandomNumberGenerator.GetBytes(TokenBytes);
    private readonly string _requestToken = Guid.NewGuid().ToString("N");

    /// <exception cref="StoreException">A block, or all of them together, are too large for DynamoDB.</exception>
    public DynamoCommit(string table, IReadOnlyList<GrainSave> saves)
    {
        CheckSizes(saves);
        long sum = saves.Sum(s => (long)DynamoItem.SizeOf(s));
        if (sum > Bounds.DynamoTransactionBytesMax)
        {
            throw new StoreException($"a commit of {saves.Count} blocks of together {sum:N0} bytes is refused: a transaction of DynamoDB has room for {Bounds.DynamoTransactionBytesMax:N0}");
        }
        (_table, _saves) = (table, saves);
    }

    public byte[] Token => _token;

    /// <summary>Whether the commit is one item's: what it costs depends on it.</summary>
    public bool IsSingle => _saves is [{ IsDeletion: false }];

    /// <exception cref="StoreException">A block is too large for one item.</exception>
    public static void CheckSizes(IReadOnlyList<GrainSave> saves)
    {
        foreach (GrainSave save in saves)
        {
            if (DynamoItem.SizeOf(save) > Bounds.DynamoItemBytesMax)
            {
                throw new StoreException(
                    $"a block of kind {save.Id.Span[0]} with a state of {save.Grain.State.Length:N0} bytes and an id of {save.Id.Length:N0} is refused: an item of DynamoDB has room for {Bounds.DynamoItemBytesMax:N0}");
            }
        }
    }

    /// <summary>Sends it; may be called again after an error.</summary>
    public Task<bool> TryAsync(IAmazonDynamoDB client, bool maybeDone, CancellationToken cancellation) => IsSingle
        ? TryPutAsync(client, maybeDone, cancellation)
        : TryTransactAsync(client, cancellation);

    /// <summary>The condition of one save, and its values.</summary>
    public static (string Expression, Dictionary<string, AttributeValue>? Values) Condition(long expectedVersion) => expectedVersion == 0
        ? (MustNotExist, null)
        : (MustBeVersion, new() { [":v"] = DynamoItem.Number(expectedVersion) });

    private async Task<bool> TryPutAsync(IAmazonDynamoDB client, bool maybeDone, CancellationToken cancellation)
    {
        GrainSave save = _saves[0];
        (string expression, Dictionary<string, AttributeValue>? values) = Condition(save.ExpectedVersion);
        try
        {
            await client.PutItemAsync(
                new PutItemRequest
                {
                    TableName = _table,
                    Item = DynamoItem.Write(save.Id.Span, save.Grain, _token),
                    ConditionExpression = expression,
                    ExpressionAttributeValues = values,
                    ReturnValuesOnConditionCheckFailure = ReturnValuesOnConditionCheckFailure.ALL_OLD,
                },
                cancellation).ConfigureAwait(false);
            return true;
        }
        catch (ConditionalCheckFailedException e)
        {
            return maybeDone && await WasOursAsync(client, save.Id, e.Item, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Whether the item that stands in the way is the one that this commit wrote when its answer was lost.</summary>
    private async Task<bool> WasOursAsync(IAmazonDynamoDB client, ReadOnlyMemory<byte> id, Dictionary<string, AttributeValue>? old, CancellationToken cancellation)
    {
        // Old versions of DynamoDB Local do not return the item.
        old = old is { Count: > 0 } ? old : await DynamoCalls.GetAsync(client, _table, DynamoItem.Key(id.Span), cancellation).ConfigureAwait(false);
        return old is not null && DynamoItem.HasToken(old, _token)
            ? true
            : throw new StoreException("the answer to a commit was lost, and its block has changed since: whether it happened is not known");
    }

    private async Task<bool> TryTransactAsync(IAmazonDynamoDB client, CancellationToken cancellation)
    {
        try
        {
            await client.TransactWriteItemsAsync(
                new TransactWriteItemsRequest { ClientRequestToken = _requestToken, TransactItems = [.. _saves.Select(Part)] },
                cancellation).ConfigureAwait(false);
            return true;
        }
        catch (TransactionCanceledException e) when (DynamoErrors.IsLostCondition(e))
        {
            return false;
        }
    }

    private TransactWriteItem Part(GrainSave save)
    {
        (string expression, Dictionary<string, AttributeValue>? values) = Condition(save.ExpectedVersion);
        return save.IsDeletion
            ? new TransactWriteItem { Delete = new Delete { TableName = _table, Key = DynamoItem.Key(save.Id.Span), ConditionExpression = expression, ExpressionAttributeValues = values } }
            : new TransactWriteItem { Put = new Put { TableName = _table, Item = DynamoItem.Write(save.Id.Span, save.Grain, _token), ConditionExpression = expression, ExpressionAttributeValues = values } };
    }
}
