using System.Security.Cryptography;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;

namespace Quota.Silo.Store.Dynamo;

/// <summary>One save of <see cref="IGrainStore.SaveAsync"/>, which stands by itself: its own request, its own outcome.</summary>
internal static class DynamoSave
{
    private const int TokenBytes = 8;

    public static Task<bool> RunAsync(DynamoCalls calls, string table, GrainSave save)
    {
        byte[] token = RandomNumberGenerator.GetBytes(TokenBytes);
        return calls.RunAsync(
            (client, maybeDone, cancel) => save switch
            {
                { IsDeletion: true } => DeleteAsync(client, table, save, maybeDone, cancel),
                { ExpectedVersion: GrainSave.AnyVersion } => OverwriteAsync(client, table, save, token, cancel),
                _ => PutAsync(client, table, save, token, maybeDone, cancel),
            },
            static c => c.CountWrite(),
            CancellationToken.None);
    }

    private static async Task<bool> PutAsync(IAmazonDynamoDB client, string table, GrainSave save, byte[] token, bool maybeDone, CancellationToken cancellation)
    {
        (string expression, Dictionary<string, AttributeValue>? values) = DynamoCommit.Condition(save.ExpectedVersion);
        try
        {
            StoredGrain grain = save.Grain with { Version = save.ExpectedVersion + 1 };
            await client.PutItemAsync(
                new PutItemRequest { TableName = table, Item = DynamoItem.Write(save.Id.Span, grain, token), ConditionExpression = expression, ExpressionAttributeValues = values },
                cancellation).ConfigureAwait(false);
            return true;
        }
        catch (ConditionalCheckFailedException)
        {
            return maybeDone
                && await DynamoCalls.GetAsync(client, table, DynamoItem.Key(save.Id.Span), cancellation).ConfigureAwait(false) is { } now
                && DynamoItem.HasToken(now, token);
        }
    }

    /// <summary>Saves whatever is there. Sent twice, it raises the version twice, which nobody can tell from two saves.</summary>
    private static async Task<bool> OverwriteAsync(IAmazonDynamoDB client, string table, GrainSave save, byte[] token, CancellationToken cancellation)
    {
        Dictionary<string, AttributeValue> item = DynamoItem.Write(save.Id.Span, save.Grain, token);
        var values = new Dictionary<string, AttributeValue> { [":zero"] = DynamoItem.Number(0L), [":one"] = DynamoItem.Number(1L) };
        List<string> sets = [$"{DynamoItem.Version} = if_not_exists({DynamoItem.Version}, :zero) + :one"];
        List<string> removes = [];
        foreach (string name in (ReadOnlySpan<string>)[DynamoItem.Layout, DynamoItem.ForgetAt, DynamoItem.Token, DynamoItem.State, DynamoItem.TimeToLive, DynamoItem.WholeId])
        {
            if (item.TryGetValue(name, out AttributeValue? value))
            {
                sets.Add($"{name} = :{name}");
                values[":" + name] = value;
            }
            else
            {
                removes.Add(name);
            }
        }
        string expression = $"SET {string.Join(", ", sets)}" + (removes.Count > 0 ? $" REMOVE {string.Join(", ", removes)}" : "");
        await client.UpdateItemAsync(
            new UpdateItemRequest { TableName = table, Key = DynamoItem.Key(save.Id.Span), UpdateExpression = expression, ExpressionAttributeValues = values },
            cancellation).ConfigureAwait(false);
        return true;
    }

    private static async Task<bool> DeleteAsync(IAmazonDynamoDB client, string table, GrainSave save, bool maybeDone, CancellationToken cancellation)
    {
        var request = new DeleteItemRequest { TableName = table, Key = DynamoItem.Key(save.Id.Span) };
        if (save.ExpectedVersion != GrainSave.AnyVersion)
        {
            (request.ConditionExpression, request.ExpressionAttributeValues) = DynamoCommit.Condition(save.ExpectedVersion);
        }
        try
        {
            await client.DeleteItemAsync(request, cancellation).ConfigureAwait(false);
            return true;
        }
        catch (ConditionalCheckFailedException)
        {
            // After a lost answer: gone is what was asked for.
            return maybeDone && await DynamoCalls.GetAsync(client, table, DynamoItem.Key(save.Id.Span), cancellation).ConfigureAwait(false) is null;
        }
    }
}
