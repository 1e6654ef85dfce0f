using System.Globalization;
using Amazon.DynamoDBv2.Model;
using Quota.Contracts;
using Quota.Grains;

namespace Quota.Silo.Store.Dynamo;

/// <summary>
/// Grains in a table of DynamoDB that many silos share.
/// <para>
/// Safe for concurrent use, in this process and among silos: all state is in the table, every write names the version it expects
/// (or overwrites, for a caller who owns the key), and DynamoDB judges the condition and writes as one step. Only the place where
/// forgetting goes on is kept here: silos go round by themselves, and of two that meet a block one finds it gone.
/// </para>
/// <para>
/// Every read is consistent, because the port promises that a read sees every save that completed before it. A silo would be safe with
/// eventual reads at half the price: a stale block fails the condition of the save that follows. But the save that fails costs
/// a write, five to ten times a read's price, and the decision a second round; with a hot key that several silos save all the
/// time, most reads would be stale. A scan that pages for billing must not miss what was sealed a moment ago. Forgetting alone
/// reads eventually: it deletes only the version it has seen.
/// </para>
/// </summary>
internal sealed class DynamoGrainStore(DynamoCalls calls, string table, int commitItemsMax) : ICountedStore
{
    private Dictionary<string, AttributeValue>? _forgetCursor;

    public StoreCounters Counters => calls.Counters;

    public int CommitItemsMax => commitItemsMax;

    public async ValueTask<StoredGrain?> LoadAsync(ReadOnlyMemory<byte> id, CancellationToken cancellation)
    {
        Dictionary<string, AttributeValue> key = DynamoItem.Key(id.Span);
        Dictionary<string, AttributeValue>? item = await calls.ReadAsync((client, cancel) => DynamoCalls.GetAsync(client, table, key, cancel), cancellation).ConfigureAwait(false);
        return item is null ? null : DynamoItem.Read(item);
    }

    public async ValueTask<IReadOnlyList<(byte[] Id, StoredGrain Grain)>> ScanAsync(ReadOnlyMemory<byte> prefix, ReadOnlyMemory<byte> after, int limit, CancellationToken cancellation) =>
        await DynamoScan.RunAsync(calls, table, prefix, after, limit, cancellation).ConfigureAwait(false);

    public async ValueTask<bool> CommitAsync(IReadOnlyList<GrainSave> saves, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfZero(saves.Count);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(saves.Count, commitItemsMax);
        cancellation.ThrowIfCancellationRequested();
        foreach (GrainSave save in saves)
        {
            Invariant.Check(save.ExpectedVersion >= 0 && (save.IsDeletion || save.Grain.Version > save.ExpectedVersion));
        }
        if (saves is [{ IsDeletion: true, ExpectedVersion: 0 } absent])
        {
            return await LoadAsync(absent.Id, cancellation).ConfigureAwait(false) is null;
        }
        var commit = new DynamoCommit(table, saves);
        return await calls.RunAsync(commit.TryAsync, commit.IsSingle ? static c => c.CountWrite() : static c => c.CountTransaction(), CancellationToken.None).ConfigureAwait(false);
    }

    public async ValueTask SaveAsync(IReadOnlyList<GrainSave> saves, Memory<bool> saved, CancellationToken cancellation)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(saves.Count, IGrainStore.SaveBatchMax);
        DynamoCommit.CheckSizes(saves);
        await Parallel.ForAsync(
            0,
            saves.Count,
            new ParallelOptions { MaxDegreeOfParallelism = Bounds.DynamoParallelism, CancellationToken = cancellation },
            async (i, _) =>
            {
                bool held = await DynamoSave.RunAsync(calls, table, saves[i]).ConfigureAwait(false);
                saved.Span[i] = held;
            }).ConfigureAwait(false);
    }

    public async ValueTask<int> ForgetAsync(long beforeNs, int limit, CancellationToken cancellation)
    {
        // In the table's own order, which needs no index; DynamoDB's TTL has deleted most of what is due before.
        int examined = 0;
        int deleted = 0;
        do
        {
            ScanRequest request = new()
            {
                TableName = table,
                ExclusiveStartKey = _forgetCursor,
                Limit = limit - examined,
                ProjectionExpression = $"{DynamoItem.Partition}, {DynamoItem.Sort}, {DynamoItem.Version}, {DynamoItem.ForgetAt}",
            };
            ScanResponse page = await calls.ReadAsync((client, cancel) => client.ScanAsync(request, cancel), cancellation).ConfigureAwait(false);
            List<Dictionary<string, AttributeValue>> due = [.. (page.Items ?? []).Where(item => item.ContainsKey(DynamoItem.ForgetAt) && ForgetAt(item) < beforeNs)];
            await Parallel.ForEachAsync(
                due,
                new ParallelOptions { MaxDegreeOfParallelism = Bounds.DynamoParallelism, CancellationToken = cancellation },
                async (item, _) =>
                {
                    if (await DeleteAsync(item).ConfigureAwait(false))
                    {
                        Interlocked.Increment(ref deleted);
                    }
                }).ConfigureAwait(false);
            examined += page.ScannedCount ?? page.Items?.Count ?? 0;
            _forgetCursor = page.LastEvaluatedKey is { Count: > 0 } next ? next : null;
        }
        while (_forgetCursor is not null && examined < limit);
        return deleted;
    }

    public async ValueTask<IReadOnlyList<byte[]>> LoadLayoutsAsync(CancellationToken cancellation)
    {
        var cursor = new DynamoBucketCursor(calls, table, [DynamoItem.LayoutPartition], [], []);
        var layouts = new List<byte[]>();
        await cursor.FillAsync(IGrainStore.SaveBatchMax, cancellation).ConfigureAwait(false);
        while (cursor.Head is { } item)
        {
            layouts.Add(item[DynamoItem.State].B.ToArray());
            cursor.Take();
            await cursor.FillAsync(IGrainStore.SaveBatchMax, cancellation).ConfigureAwait(false);
        }
        return layouts;
    }

    public async ValueTask SaveLayoutAsync(ulong id, ReadOnlyMemory<byte> encoded, CancellationToken cancellation)
    {
        Dictionary<string, AttributeValue> item = DynamoItem.Key(DynamoItem.LayoutPartition, DynamoItem.LayoutKey(id));
        item[DynamoItem.State] = DynamoItem.Bytes(encoded.ToArray());
        (string expression, _) = DynamoCommit.Condition(0);
        await calls.WriteAsync(
            async (client, cancel) =>
            {
                try
                {
                    await client.PutItemAsync(new PutItemRequest { TableName = table, Item = item, ConditionExpression = expression }, cancel).ConfigureAwait(false);
                    return true;
                }
                catch (ConditionalCheckFailedException)
                {
                    return false;
                }
            },
            cancellation).ConfigureAwait(false);
    }

    public async ValueTask<long?> LoadNumberAsync(string name, CancellationToken cancellation)
    {
        Dictionary<string, AttributeValue>? item = await calls.ReadAsync((client, cancel) => DynamoCalls.GetAsync(client, table, NumberKey(name), cancel), cancellation).ConfigureAwait(false);
        return item is null ? null : DynamoItem.VersionOf(item);
    }

    public async ValueTask SaveNumberAsync(string name, long value, CancellationToken cancellation)
    {
        Dictionary<string, AttributeValue> item = NumberKey(name);
        item[DynamoItem.Version] = DynamoItem.Number(value);
        await calls.WriteAsync((client, cancel) => client.PutItemAsync(new PutItemRequest { TableName = table, Item = item }, cancel), cancellation).ConfigureAwait(false);
    }

    public ValueTask DisposeAsync()
    {
        calls.Dispose();
        return default;
    }

    private static Dictionary<string, AttributeValue> NumberKey(string name) => DynamoItem.Key(DynamoItem.NumberPartition, System.Text.Encoding.UTF8.GetBytes(name));

    private static long ForgetAt(Dictionary<string, AttributeValue> item) => long.Parse(item[DynamoItem.ForgetAt].N, CultureInfo.InvariantCulture);

    /// <summary>Deletes an item that is still the one that was seen.</summary>
    private Task<bool> DeleteAsync(Dictionary<string, AttributeValue> item)
    {
        (string expression, Dictionary<string, AttributeValue>? values) = DynamoCommit.Condition(DynamoItem.VersionOf(item));
        Dictionary<string, AttributeValue> key = new() { [DynamoItem.Partition] = item[DynamoItem.Partition], [DynamoItem.Sort] = item[DynamoItem.Sort] };
        return calls.WriteAsync(
            async (client, cancel) =>
            {
                try
                {
                    await client.DeleteItemAsync(new DeleteItemRequest { TableName = table, Key = key, ConditionExpression = expression, ExpressionAttributeValues = values }, cancel).ConfigureAwait(false);
                    return true;
                }
                catch (ConditionalCheckFailedException)
                {
                    return false;
                }
            },
            CancellationToken.None);
    }
}
