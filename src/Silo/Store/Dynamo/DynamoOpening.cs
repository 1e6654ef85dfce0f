using System.Diagnostics;
using Amazon;
using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Amazon.Runtime;
using Quota.Contracts;

namespace Quota.Silo.Store.Dynamo;

/// <summary>Opens a DynamoDB store: client, table, format. APPEND-ONLY: a change of what the items mean raises <see cref="FormatVersion"/>.</summary>
internal static partial class DynamoOpening
{
    public const long FormatVersion = 1;
    private const string FormatName = "format";
    private const string Buckets = "b";
    private const int PollMs = 250;

    // What a transaction had room for in DynamoDB, and still has in older versions of DynamoDB Local.
    private static readonly int[] TransactionItems = [IGrainStore.CommitMax, 25, 10];

    /// <exception cref="StoreException">Why not, for an operator.</exception>
    public static async Task<DynamoGrainStore> OpenAsync(DynamoSettings settings, ILogger logger, CancellationToken cancellation)
    {
        var calls = new DynamoCalls(Client(settings), settings.TimeoutMs, $"DynamoDB, table {settings.Table}");
        try
        {
            await EnsureTableAsync(calls, settings, logger, cancellation).ConfigureAwait(false);
            await EnsureFormatAsync(calls, settings.Table, cancellation).ConfigureAwait(false);
            // Only another address than AWS's own may be an old server.
            int items = settings.Endpoint is null ? IGrainStore.CommitMax : await TransactionRoomAsync(calls, settings.Table, cancellation).ConfigureAwait(false);
            if (items < IGrainStore.CommitMax)
            {
                LogSmall(logger, settings.Table, items);
            }
            return new DynamoGrainStore(calls, settings.Table, items);
        }
        catch
        {
            calls.Dispose();
            throw;
        }
    }

    private static AmazonDynamoDBClient Client(DynamoSettings settings)
    {
        var config = new AmazonDynamoDBConfig
        {
            // Retries are DynamoCalls' business: they share one deadline, and it has to know of each.
            MaxErrorRetry = 0,
            MaxStaleConnectionRetries = 0,
            Timeout = TimeSpan.FromMilliseconds(settings.TimeoutMs),
            ConnectTimeout = TimeSpan.FromMilliseconds(settings.TimeoutMs),
            MaxConnectionsPerServer = Bounds.DynamoConnectionsMax,
        };
        try
        {
            if (settings.Endpoint is string endpoint)
            {
                config.ServiceURL = endpoint;
                config.AuthenticationRegion = settings.Region ?? "us-east-1";
                bool hasCredentials = Environment.GetEnvironmentVariable("AWS_ACCESS_KEY_ID") is not null || Environment.GetEnvironmentVariable("AWS_PROFILE") is not null;
                if (!hasCredentials && new Uri(endpoint).IsLoopback)
                {
                    // DynamoDB Local takes any; looking for a role of the machine would take seconds and find nothing.
                    return new AmazonDynamoDBClient(new BasicAWSCredentials("local", "local"), config);
                }
            }
            else if (settings.Region is string region)
            {
                config.RegionEndpoint = RegionEndpoint.GetBySystemName(region);
            }
            return new AmazonDynamoDBClient(config);
        }
        catch (Exception e) when (e is AmazonClientException or UriFormatException or ArgumentException)
        {
            throw new StoreException($"DynamoDB, table {settings.Table}: {e.Message}", e);
        }
    }

    private static async Task EnsureTableAsync(DynamoCalls calls, DynamoSettings settings, ILogger logger, CancellationToken cancellation)
    {
        TableDescription? table = await DescribeAsync(calls, settings.Table, cancellation).ConfigureAwait(false);
        if (table is null)
        {
            if (!settings.Create)
            {
                throw new StoreException($"DynamoDB: there is no table {settings.Table}, and create is off (deploy/dynamodb/table.yaml creates it)");
            }
            await CreateAsync(calls, settings, cancellation).ConfigureAwait(false);
            LogCreated(logger, settings.Table);
        }
        long start = Stopwatch.GetTimestamp();
        while (table is null || table.TableStatus == TableStatus.CREATING)
        {
            if (Stopwatch.GetElapsedTime(start).TotalMilliseconds > Bounds.DynamoCreateMsMax)
            {
                throw new StoreException($"DynamoDB: the table {settings.Table} was not active within {Bounds.DynamoCreateMsMax / 1000} s");
            }
            table = await DescribeAsync(calls, settings.Table, cancellation).ConfigureAwait(false);
            if (table is null || table.TableStatus == TableStatus.CREATING)
            {
                await Task.Delay(PollMs, cancellation).ConfigureAwait(false);
            }
        }
        string keys = string.Join(' ', table.KeySchema.Select(k => $"{k.AttributeName}:{k.KeyType.Value}:{table.AttributeDefinitions.First(a => a.AttributeName == k.AttributeName).AttributeType.Value}"));
        if (keys != $"{DynamoItem.Partition}:HASH:B {DynamoItem.Sort}:RANGE:B")
        {
            throw new StoreException($"DynamoDB: the table {settings.Table} is not one of Quota's (its keys are {keys})");
        }
    }

    private static Task<TableDescription?> DescribeAsync(DynamoCalls calls, string table, CancellationToken cancellation) => calls.ReadAsync(
        async (client, cancel) =>
        {
            try
            {
                return (await client.DescribeTableAsync(new DescribeTableRequest { TableName = table }, cancel).ConfigureAwait(false)).Table;
            }
            catch (ResourceNotFoundException)
            {
                return null;
            }
        },
        cancellation);

    private static async Task CreateAsync(DynamoCalls calls, DynamoSettings settings, CancellationToken cancellation)
    {
        var request = new CreateTableRequest
        {
            TableName = settings.Table,
            KeySchema = [new(DynamoItem.Partition, KeyType.HASH), new(DynamoItem.Sort, KeyType.RANGE)],
            AttributeDefinitions = [new(DynamoItem.Partition, ScalarAttributeType.B), new(DynamoItem.Sort, ScalarAttributeType.B)],
            BillingMode = settings.Provisioned is null ? BillingMode.PAY_PER_REQUEST : BillingMode.PROVISIONED,
            ProvisionedThroughput = settings.Provisioned is var (reads, writes) ? new ProvisionedThroughput(reads, writes) : null,
        };
        bool isOurs = await calls.WriteAsync(
            async (client, cancel) =>
            {
                try
                {
                    await client.CreateTableAsync(request, cancel).ConfigureAwait(false);
                    return true;
                }
                catch (ResourceInUseException)
                {
                    // Another silo was faster, or our own answer was lost.
                    return false;
                }
            },
            cancellation).ConfigureAwait(false);
        long start = Stopwatch.GetTimestamp();
        while ((await DescribeAsync(calls, settings.Table, cancellation).ConfigureAwait(false))?.TableStatus != TableStatus.ACTIVE && Stopwatch.GetElapsedTime(start).TotalMilliseconds < Bounds.DynamoCreateMsMax)
        {
            await Task.Delay(PollMs, cancellation).ConfigureAwait(false);
        }
        if (isOurs)
        {
            await calls.WriteAsync(
                (client, cancel) => client.UpdateTimeToLiveAsync(
                    new UpdateTimeToLiveRequest { TableName = settings.Table, TimeToLiveSpecification = new TimeToLiveSpecification { AttributeName = DynamoItem.TimeToLive, Enabled = true } },
                    cancel),
                cancellation).ConfigureAwait(false);
        }
    }

    private static async Task EnsureFormatAsync(DynamoCalls calls, string table, CancellationToken cancellation)
    {
        Dictionary<string, AttributeValue> key = DynamoItem.Key(DynamoItem.FormatPartition, System.Text.Encoding.UTF8.GetBytes(FormatName));
        Dictionary<string, AttributeValue>? format = await calls.ReadAsync((client, cancel) => DynamoCalls.GetAsync(client, table, key, cancel), cancellation).ConfigureAwait(false);
        if (format is null)
        {
            Dictionary<string, AttributeValue> item = new(key) { [DynamoItem.Version] = DynamoItem.Number(FormatVersion), [Buckets] = DynamoItem.Number((long)Bounds.DynamoBuckets) };
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
            format = await calls.ReadAsync((client, cancel) => DynamoCalls.GetAsync(client, table, key, cancel), cancellation).ConfigureAwait(false);
        }
        (string version, string buckets) = (Attribute(format, DynamoItem.Version), Attribute(format, Buckets));
        if (version != DynamoItem.Number(FormatVersion).N)
        {
            throw new StoreException($"DynamoDB: the table {table} has store version {version}, this build reads {FormatVersion}");
        }
        if (buckets != DynamoItem.Number((long)Bounds.DynamoBuckets).N)
        {
            throw new StoreException($"DynamoDB: the table {table} spreads its keys over {buckets} buckets, this build over {Bounds.DynamoBuckets}");
        }
    }

    private static string Attribute(Dictionary<string, AttributeValue>? item, string name) => item is not null && item.TryGetValue(name, out AttributeValue? value) ? value.N ?? "?" : "none";

    /// <summary>How many items a transaction of this server takes: deletions of what is not there change nothing.</summary>
    private static async Task<int> TransactionRoomAsync(DynamoCalls calls, string table, CancellationToken cancellation)
    {
        // Of this silo alone: others may start now.
        byte[] probe = [StoreProbe.Kind, .. Guid.NewGuid().ToByteArray()];
        foreach (int items in TransactionItems)
        {
            (string expression, _) = DynamoCommit.Condition(0);
            TransactWriteItemsRequest request = new()
            {
                TransactItems =
                [
                    .. Enumerable.Range(0, items).Select(i => new TransactWriteItem { Delete = new Delete { TableName = table, Key = DynamoItem.Key([.. probe, (byte)i]), ConditionExpression = expression } }),
                ],
            };
            bool hasRoom = await calls.RunAsync(
                async (client, _, cancel) =>
                {
                    try
                    {
                        await client.TransactWriteItemsAsync(request, cancel).ConfigureAwait(false);
                        return true;
                    }
                    catch (AmazonDynamoDBException e) when (e.ErrorCode == "ValidationException" && items > TransactionItems[^1])
                    {
                        return false;
                    }
                },
                static c => c.CountTransaction(),
                cancellation).ConfigureAwait(false);
            if (hasRoom)
            {
                return items;
            }
        }
        return TransactionItems[^1];
    }

    [LoggerMessage(LogLevel.Information, "created the table {Table}")]
    private static partial void LogCreated(ILogger logger, string table);

    [LoggerMessage(LogLevel.Warning, "table {Table}: this server takes {Items} items in a transaction, DynamoDB takes 100; larger commits are refused")]
    private static partial void LogSmall(ILogger logger, string table, int items);
}
