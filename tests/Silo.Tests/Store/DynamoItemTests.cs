using System.Text;
using Amazon.DynamoDBv2.Model;
using Amazon.Runtime;
using Quota.Contracts;
using Quota.Silo.Execution;
using Quota.Silo.Store;
using Quota.Silo.Store.Dynamo;

namespace Quota.Silo.Tests.Store;

/// <summary>Golden: tables of earlier builds have to stay readable.</summary>
public sealed class DynamoItemTests
{
    [Fact]
    public void An_item_is_written_as_ever()
    {
        byte[] id = [.. GrainId.KeyPrefix("acme"u8), .. "user-1"u8];
        Assert.Equal("c=01020304 d=0A0B f=1700000000000000001 l=18446744073709551615 p=0116 s=010461636D65757365722D31 t=1700000001 v=42", Text(DynamoItem.Write(id, new StoredGrain(ulong.MaxValue, 42, 1_700_000_000_000_000_001, new byte[] { 10, 11 }), [1, 2, 3, 4])));
        Assert.Equal("c=01 f=9223372036854775807 l=0 p=0800 s=0801 v=1", Text(DynamoItem.Write([8, 1], new StoredGrain(0, 1, long.MaxValue, default), [1])));
        byte[] longId = [.. GrainId.PrefixOf(GrainId.ValueBlock, "acme"u8, "user-1"u8), .. new byte[1100]];
        Dictionary<string, AttributeValue> item = DynamoItem.Write(longId, new StoredGrain(0, 1, long.MaxValue, default), [1]);
        Assert.Equal(1024, item["s"].B.Length);
        Assert.Equal(longId, DynamoItem.IdOf(item));
    }

    [Fact]
    public void All_blocks_of_a_key_of_a_kind_share_a_bucket_and_keys_use_all_buckets()
    {
        var used = new HashSet<byte>();
        for (int i = 0; i < 2000; i++)
        {
            byte[] key = Encoding.UTF8.GetBytes($"key-{i}");
            byte bucket = DynamoItem.BucketOf([.. GrainId.KeyPrefix("acme"u8), .. key]);
            used.Add(bucket);
            byte[] prefix = GrainId.PrefixOf(GrainId.RequestRecord, "acme"u8, key);
            Assert.Equal(bucket, DynamoItem.BucketOf([.. prefix, (byte)i]));
            Assert.Equal((bucket, 1), DynamoItem.BucketsOf(prefix));
        }
        Assert.Equal(Bounds.DynamoBuckets, used.Count);
        Assert.Equal((0, Bounds.DynamoBuckets), DynamoItem.BucketsOf(GrainId.KeyPrefix("acme"u8)));
        Assert.Equal((0, Bounds.DynamoBuckets), DynamoItem.BucketsOf([GrainId.RequestRecord]));
        Assert.Equal((0, 1), DynamoItem.BucketsOf([GrainId.SiloRecord]));
    }

    [Fact]
    public void An_error_is_done_not_done_or_unknown()
    {
        Assert.Equal(DynamoFailure.Refused, DynamoErrors.Judge(new AmazonServiceException("no") { ErrorCode = "AccessDeniedException", StatusCode = System.Net.HttpStatusCode.BadRequest }));
        Assert.Equal(DynamoFailure.Busy, DynamoErrors.Judge(new ProvisionedThroughputExceededException("slow")));
        Assert.Equal(DynamoFailure.Busy, DynamoErrors.Judge(Cancelled("None", "TransactionConflict")));
        Assert.Equal(DynamoFailure.Refused, DynamoErrors.Judge(Cancelled("ValidationError")));
        Assert.True(DynamoErrors.IsLostCondition(Cancelled("None", "ConditionalCheckFailed", "TransactionConflict")));
        Assert.False(DynamoErrors.IsLostCondition(Cancelled("TransactionConflict")));
        Assert.Equal(DynamoFailure.Unknown, DynamoErrors.Judge(new InternalServerErrorException("oops") { StatusCode = System.Net.HttpStatusCode.InternalServerError }));
        Assert.Equal(DynamoFailure.Unknown, DynamoErrors.Judge(new TaskCanceledException()));
        Assert.Equal(DynamoFailure.Unknown, DynamoErrors.Judge(new HttpRequestException("gone")));
        Assert.Contains("lacks a right: may not dynamodb:PutItem", DynamoErrors.Explain(new AmazonServiceException("may not dynamodb:PutItem") { ErrorCode = "AccessDeniedException" }), StringComparison.Ordinal);
    }

    private static TransactionCanceledException Cancelled(params string[] reasons) => new("cancelled") { CancellationReasons = [.. reasons.Select(r => new CancellationReason { Code = r })] };

    private static string Text(Dictionary<string, AttributeValue> item) =>
        string.Join(' ', item.OrderBy(a => a.Key, StringComparer.Ordinal).Select(a => $"{a.Key}={a.Value.N ?? Convert.ToHexString(a.Value.B.ToArray())}"));
}
