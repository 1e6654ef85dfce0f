using Amazon.DynamoDBv2.Model;

namespace Quota.Silo.Store.Dynamo;

/// <summary>The blocks of one bucket from a place on, a page at a time. Used by one scan.</summary>
/// <param name="calls">How to ask.</param>
/// <param name="table">The table.</param>
/// <param name="partition">Kind and bucket.</param>
/// <param name="prefix">What the sort keys begin with; empty: all.</param>
/// <param name="after">Only sort keys after this one, which begins with the prefix; empty: from the start.</param>
internal sealed class DynamoBucketCursor(DynamoCalls calls, string table, byte[] partition, byte[] prefix, byte[] after)
{
    private List<Dictionary<string, AttributeValue>> _page = [];
    private Dictionary<string, AttributeValue>? _next;
    private int _place;
    private bool _isAtEnd;

    /// <summary>The first item that was not taken yet, or null if there is none in memory.</summary>
    public Dictionary<string, AttributeValue>? Head => _place < _page.Count ? _page[_place] : null;

    /// <summary>Sort key of <see cref="Head"/>.</summary>
    public byte[] HeadKey { get; private set; } = [];

    public void Take()
    {
        _place++;
        ReadHeadKey();
    }

    /// <summary>Loads pages until there is a head or the bucket's end is reached.</summary>
    public async Task FillAsync(int pageItems, CancellationToken cancellation)
    {
        while (Head is null && !_isAtEnd)
        {
            QueryResponse answer = await calls.ReadAsync((client, cancel) => client.QueryAsync(Request(pageItems), cancel), cancellation).ConfigureAwait(false);
            _page = answer.Items ?? [];
            _next = answer.LastEvaluatedKey is { Count: > 0 } next ? next : null;
            _isAtEnd = _next is null;
            _place = 0;
            ReadHeadKey();
        }
    }

    private QueryRequest Request(int pageItems)
    {
        var values = new Dictionary<string, AttributeValue> { [":p"] = DynamoItem.Bytes(partition) };
        string condition = $"{DynamoItem.Partition} = :p";
        if (prefix.Length > 0)
        {
            // Not begins_with: DynamoDB Local (2020) answers prefixes that end in 0xFF wrongly.
            values[":low"] = DynamoItem.Bytes(prefix);
            condition += $" AND {DynamoItem.Sort} >= :low";
            if (IdPrefix.UpperEnd(prefix) is byte[] end)
            {
                values[":high"] = DynamoItem.Bytes(end);
                condition = $"{DynamoItem.Partition} = :p AND {DynamoItem.Sort} BETWEEN :low AND :high";
            }
        }
        Dictionary<string, AttributeValue>? start = _next;
        if (start is null && after.Length > 0)
        {
            // Where a query goes on need not exist.
            start = new() { [DynamoItem.Partition] = DynamoItem.Bytes(partition), [DynamoItem.Sort] = DynamoItem.Bytes(after) };
        }
        return new QueryRequest
        {
            TableName = table,
            KeyConditionExpression = condition,
            ExpressionAttributeValues = values,
            ExclusiveStartKey = start,
            ConsistentRead = true,
            Limit = pageItems,
        };
    }

    private void ReadHeadKey()
    {
        HeadKey = Head is { } item ? item[DynamoItem.Sort].B.ToArray() : [];
        if (Head is not null && !HeadKey.AsSpan().StartsWith(prefix))
        {
            // BETWEEN includes its end, which is the first id after those with the prefix.
            (_page, _place, _isAtEnd, HeadKey) = ([], 0, true, []);
        }
    }
}
