using Amazon.DynamoDBv2;
using Amazon.DynamoDBv2.Model;
using Amazon.Runtime;
using Microsoft.Extensions.Logging.Abstractions;
using Quota.Silo.Store;
using Quota.Silo.Store.Dynamo;
using Quota.Silo.Tests.Support;
using Quota.Silo.Tests.Support.Servers;
using Xunit.Abstractions;

namespace Quota.Silo.Tests.Store;

/// <summary>What only a service across a network can get wrong: lost answers, throttling, missing rights, other tables.</summary>
[NeedsServer(ServerKind.DynamoLocal)]
public sealed class DynamoFaultTests(ITestOutputHelper output) : IAsyncLifetime
{
    private readonly string _table = $"t{Guid.NewGuid():N}";
    private DynamoLocalServer _server = null!;
    private HttpFaultProxy _proxy = null!;
    private AmazonDynamoDBClient _raw = null!;

    public async Task InitializeAsync()
    {
        _server = await SharedServers.Dynamo;
        _proxy = new HttpFaultProxy(_server.Endpoint);
        _raw = new AmazonDynamoDBClient(new BasicAWSCredentials("local", "local"), new AmazonDynamoDBConfig { ServiceURL = _server.Endpoint, AuthenticationRegion = "us-east-1" });
    }

    public async Task DisposeAsync()
    {
        await _proxy.DisposeAsync();
        _raw.Dispose();
    }

    [ServerFact]
    public async Task A_commit_whose_answer_was_lost_is_found_to_be_done()
    {
        await using ICountedStore store = await OpenAsync();
        for (int i = 0; i < 3; i++)
        {
            Lose("PutItem", 1);
            Assert.True(await store.CommitAsync([Put(1, i, i + 1)], default));
            Lose("TransactWriteItems", 1);
            Assert.True(await store.CommitAsync([Put(2, i, i + 1), Put(3, i, i + 1)], default));
        }
        Lose("TransactWriteItems", 1);
        Assert.True(await store.CommitAsync([new GrainSave(Id(1), 3, default) { IsDeletion = true }], default));
        Assert.Null(await store.LoadAsync(Id(1), default));
        Assert.Equal(3, (await store.LoadAsync(Id(3), default))!.Value.Version);
        // More where the machine is busy: an attempt that takes too long is one as well.
        Assert.InRange(store.Counters.Unknowns, 7, 100);
        Lose("TransactWriteItems", 1);
        Assert.False(await store.CommitAsync([Put(2, 3, 4), Put(3, 99, 100)], default));
    }

    [ServerFact]
    public async Task A_lost_answer_whose_block_has_changed_since_is_not_known()
    {
        await using ICountedStore store = await OpenAsync();
        await using ICountedStore other = await OpenAsync(_server.Endpoint);
        Assert.True(await store.CommitAsync([Put(1, 0, 1)], default));
        Lose("PutItem", 1, async () => Assert.True(await other.CommitAsync([Put(1, 2, 3)], default)));
        StoreException e = await Assert.ThrowsAsync<StoreException>(async () => await store.CommitAsync([Put(1, 1, 2)], default));
        Assert.Contains("is not known", e.Message, StringComparison.Ordinal);
    }

    [ServerFact]
    public async Task A_save_whose_answer_was_lost_is_found_to_be_done()
    {
        await using ICountedStore store = await OpenAsync();
        Lose("PutItem", 2);
        bool[] saved = new bool[2];
        await store.SaveAsync([Put(1, 0, 1), Put(2, 0, 1)], saved, default);
        Assert.True(saved[0] && saved[1]);
        Lose("DeleteItem", 1);
        await store.SaveAsync([new GrainSave(Id(1), 1, default) { IsDeletion = true }], saved, default);
        Assert.True(saved[0]);
        Assert.Equal(1, (await store.LoadAsync(Id(2), default))!.Value.Version);
    }

    [ServerFact]
    public async Task Throttling_is_waited_out_and_counted()
    {
        await using ICountedStore store = await OpenAsync();
        foreach (string type in (string[])["ProvisionedThroughputExceededException", "ThrottlingException", "RequestLimitExceeded"])
        {
            foreach (string operation in (string[])["PutItem", "GetItem", "TransactWriteItems", "Query"])
            {
                long before = store.Counters.Throttles;
                int left = 4;
                _proxy.Fault = o => o == operation && Interlocked.Decrement(ref left) >= 0 ? HttpFault.Error(type, "slow down") : null;
                long version = (await store.LoadAsync(Id(1), default))?.Version ?? 0;
                Assert.True(await store.CommitAsync([Put(1, version, version + 1)], default));
                Assert.True(await store.CommitAsync([Put(1, version + 1, version + 2), Put(2, version, version + 2)], default));
                Assert.Equal(2, (await store.ScanAsync(new byte[] { 7, 0 }, default, 10, default)).Count);
                Assert.Equal(before + 4, store.Counters.Throttles);
            }
        }
    }

    [ServerFact]
    public async Task Throttling_without_end_is_an_error_in_time()
    {
        await using ICountedStore store = await OpenAsync();
        _proxy.Fault = _ => HttpFault.Error("ProvisionedThroughputExceededException", "slow down");
        long start = System.Diagnostics.Stopwatch.GetTimestamp();
        StoreException e = await Assert.ThrowsAsync<StoreException>(async () => await store.CommitAsync([Put(1, 0, 1)], default));
        Assert.Contains("no answer within 4000 ms", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("not known", e.Message, StringComparison.Ordinal);
        Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(10));
        // An error of the server says nothing about what happened.
        _proxy.Fault = _ => new HttpFault(500, """{"__type":"InternalServerError","message":"oops"}""");
        e = await Assert.ThrowsAsync<StoreException>(async () => await store.CommitAsync([Put(1, 0, 1)], default));
        Assert.Contains("not known", e.Message, StringComparison.Ordinal);
    }

    [ServerFact]
    public async Task A_missing_right_is_named_at_start()
    {
        foreach ((string operation, string step) in ((string, string)[])
            [("GetItem", ""), ("PutItem", ""), ("UpdateItem", "saving a block"), ("Query", "scanning"), ("DescribeTable", ""), ("TransactWriteItems", "")])
        {
            await using (ICountedStore store = await OpenAsync(_server.Endpoint))
            {
                await store.SaveNumberAsync("n", 1, default);
            }
            _proxy.Fault = o => o == operation ? HttpFault.Error("AccessDeniedException", $"User: arn:aws:iam::1:user/q is not authorized to perform: dynamodb:{operation}") : null;
            string error = await ErrorAsync(Settings());
            Assert.Contains("the role lacks a right", error, StringComparison.Ordinal);
            Assert.Contains($"dynamodb:{operation}", error, StringComparison.Ordinal);
            Assert.Contains(step, error, StringComparison.Ordinal);
        }
    }

    [ServerFact]
    public async Task Another_version_number_of_buckets_or_table_is_refused()
    {
        Assert.Contains("create is off", await ErrorAsync(Settings(_server.Endpoint) with { Create = false }), StringComparison.Ordinal);
        await (await OpenAsync(_server.Endpoint)).DisposeAsync();
        await (await OpenAsync(_server.Endpoint)).DisposeAsync();
        await PutFormatAsync(version: "2", buckets: "64");
        Assert.Contains("store version 2, this build reads 1", await ErrorAsync(Settings(_server.Endpoint)), StringComparison.Ordinal);
        await PutFormatAsync(version: "1", buckets: "32");
        Assert.Contains("over 32 buckets, this build over 64", await ErrorAsync(Settings(_server.Endpoint)), StringComparison.Ordinal);
        string foreign = _table + "x";
        await _raw.CreateTableAsync(new CreateTableRequest
        {
            TableName = foreign,
            KeySchema = [new("pk", KeyType.HASH)],
            AttributeDefinitions = [new("pk", ScalarAttributeType.S)],
            BillingMode = BillingMode.PAY_PER_REQUEST,
        });
        Assert.Contains("not one of Quota's", await ErrorAsync(Settings(_server.Endpoint) with { Table = foreign }), StringComparison.Ordinal);
    }

    [ServerFact]
    public async Task What_is_too_large_is_refused_before_anything_is_sent()
    {
        await using ICountedStore store = await OpenAsync();
        long sent = store.Counters.Writes + store.Counters.Transactions;
        var large = new StoredGrain(1, 1, 1, new byte[400 * 1024]);
        StoreException e = await Assert.ThrowsAsync<StoreException>(async () => await store.CommitAsync([Put(1, 0, 1), new GrainSave(Id(2), 0, large)], default));
        Assert.Contains("block of kind 7 with a state of 409,600 bytes", e.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<StoreException>(async () => await store.SaveAsync([Put(1, 0, 1), new GrainSave(Id(2), 0, large)], new bool[2], default));
        // Each fits, together they do not; DynamoDB Local takes too few to be asked for eleven.
        var state = new StoredGrain(1, 1, 1, new byte[399 * 1024]);
        e = Assert.Throws<StoreException>(() => new DynamoCommit(_table, [.. Enumerable.Range(0, 11).Select(i => new GrainSave(Id(i), 0, state))]));
        Assert.Contains("4,194,304", e.Message, StringComparison.Ordinal);
        Assert.Equal(sent, store.Counters.Writes + store.Counters.Transactions);
    }

    [ServerFact]
    public async Task A_table_that_is_created_deletes_by_itself_what_may_be_forgotten()
    {
        await using ICountedStore store = await OpenAsync(_server.Endpoint);
        DescribeTimeToLiveResponse ttl = await _raw.DescribeTimeToLiveAsync(new DescribeTimeToLiveRequest { TableName = _table });
        Assert.Equal(("t", "ENABLED"), (ttl.TimeToLiveDescription.AttributeName, ttl.TimeToLiveDescription.TimeToLiveStatus.Value));
        await store.CommitAsync([new GrainSave(Id(1), 0, new StoredGrain(1, 1, 1_900_000_000_500_000_000, default)), Put(2, 0, 1)], default);
        List<Dictionary<string, AttributeValue>> items = (await _raw.ScanAsync(new ScanRequest { TableName = _table })).Items;
        Assert.Equal("1900000001", Assert.Single(items, item => item.ContainsKey("t")).GetValueOrDefault("t")!.N);
    }

    [ServerFact]
    public async Task Each_call_is_one_request()
    {
        await using ICountedStore store = await OpenAsync(_server.Endpoint);
        await StoreTimings.PrintAsync("DynamoDB Local", store, output);
    }

    private static byte[] Id(int i) => [7, 0, (byte)i];

    private static GrainSave Put(int i, long expected, long version) => new(Id(i), expected, new StoredGrain(1, version, long.MaxValue, new byte[] { (byte)version }));

    /// <summary>The next answers to this operation are lost.</summary>
    private void Lose(string operation, int times, Func<Task>? meanwhile = null)
    {
        int left = times;
        _proxy.Fault = o => o == operation && Interlocked.Decrement(ref left) >= 0 ? new HttpFault(IsLost: true, Meanwhile: meanwhile) : null;
    }

    private Task PutFormatAsync(string version, string buckets) => _raw.PutItemAsync(_table, new()
    {
        ["p"] = new() { B = new MemoryStream("M"u8.ToArray()) },
        ["s"] = new() { B = new MemoryStream("format"u8.ToArray()) },
        ["v"] = new() { N = version },
        ["b"] = new() { N = buckets },
    });

    private DynamoSettings Settings(string? endpoint = null) => new() { Endpoint = endpoint ?? _proxy.Endpoint, Table = _table, TimeoutMs = 4_000 };

    private async Task<ICountedStore> OpenAsync(string? endpoint = null)
    {
        return await StoreFactory.OpenAsync(Settings(endpoint), NullLogger.Instance, default);
    }

    private static async Task<string> ErrorAsync(DynamoSettings settings) =>
        (await Assert.ThrowsAsync<StoreException>(() => StoreFactory.OpenAsync(settings, NullLogger.Instance, default))).Message;
}
