using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Amazon.DynamoDBv2.Model;
using Quota.Contracts;
using Quota.Grains;
using Quota.Silo.Execution;

namespace Quota.Silo.Store.Dynamo;

/// <summary>
/// How a block is an item. APPEND-ONLY (golden test: DynamoItemTests). Names are short because every one is billed with every item.
/// <code>
/// p  B  partition key: u8 kind, u8 bucket. One byte instead: 'M' the format, 'L' layouts, 'N' numbers
/// s  B  sort key: the id; one of 1,024 bytes or more is its first 992 and the SHA-256 of the whole
/// l  N  layout id          v  N  version          f  N  forget at, ns on the window scale
/// d  B  state; absent: empty                      c  B  token of the commit that wrote it
/// t  N  seconds since 1970 when DynamoDB may delete it (TTL); absent: never
/// i  B  the id, if the sort key is not
/// </code>
/// The bucket is the FNV-1a hash of namespace and key modulo <see cref="Bounds.DynamoBuckets"/>, so that all blocks of one kind of
/// one key are one range of one partition; ids that belong to no key are in bucket 0.
/// </summary>
internal static class DynamoItem
{
    public const string Partition = "p";
    public const string Sort = "s";
    public const string Version = "v";
    public const string ForgetAt = "f";
    public const string Token = "c";
    public const string TimeToLive = "t";
    public const string WholeId = "i";
    public const string Layout = "l";
    public const string State = "d";
    public const byte FormatPartition = (byte)'M';
    public const byte LayoutPartition = (byte)'L';
    public const byte NumberPartition = (byte)'N';

    /// <summary>Longest prefix of ids that can be asked for: what long sort keys keep of theirs.</summary>
    public const int PrefixBytesMax = SortBytesMax - SHA256.HashSizeInBytes;

    private const int SortBytesMax = 1024;
    private const int OverheadBytes = 160;
    private const long NsPerSecond = 1_000_000_000;

    /// <summary>The bucket of an id; 0 for one that belongs to no key.</summary>
    public static byte BucketOf(ReadOnlySpan<byte> id) => GrainId.TryReadKey(id, out ReadOnlySpan<byte> owner, out ReadOnlySpan<byte> key)
        ? (byte)(Fnv1a.Hash(key, Fnv1a.Hash(owner)) % Bounds.DynamoBuckets)
        : (byte)0;

    /// <summary>The buckets in which ids with this prefix can be: one if it holds the whole key, or no id of its kind has any.</summary>
    public static (int First, int Count) BucketsOf(ReadOnlySpan<byte> prefix) => prefix[0] switch
    {
        < GrainId.KeyBlock or > GrainId.LeaseRecord => (0, 1),
        // Here the key is the end of the id: more may follow.
        GrainId.KeyBlock or GrainId.MonthRecord => (0, Bounds.DynamoBuckets),
        _ => GrainId.TryReadKey(prefix, out _, out _) ? (BucketOf(prefix), 1) : (0, Bounds.DynamoBuckets),
    };

    public static byte[] SortKey(ReadOnlySpan<byte> id) => id.Length < SortBytesMax ? id.ToArray() : [.. id[..PrefixBytesMax], .. SHA256.HashData(id)];

    public static Dictionary<string, AttributeValue> Key(ReadOnlySpan<byte> id) => new(2) { [Partition] = Bytes([id[0], BucketOf(id)]), [Sort] = Bytes(SortKey(id)) };

    public static Dictionary<string, AttributeValue> Key(byte partition, byte[] sort) => new(2) { [Partition] = Bytes([partition]), [Sort] = Bytes(sort) };

    /// <summary>The whole item.</summary>
    public static Dictionary<string, AttributeValue> Write(ReadOnlySpan<byte> id, in StoredGrain grain, byte[] token)
    {
        Dictionary<string, AttributeValue> item = Key(id);
        item[Layout] = Number(grain.LayoutId);
        item[Version] = Number(grain.Version);
        item[ForgetAt] = Number(grain.ForgetAtNs);
        item[Token] = Bytes(token);
        if (grain.State.Length > 0)
        {
            item[State] = Bytes(grain.State.ToArray());
        }
        if (grain.ForgetAtNs is > 0 and < long.MaxValue)
        {
            // The second after: never earlier than the block may go.
            item[TimeToLive] = Number((grain.ForgetAtNs / NsPerSecond) + 1);
        }
        if (id.Length >= SortBytesMax)
        {
            item[WholeId] = Bytes(id.ToArray());
        }
        return item;
    }

    public static StoredGrain Read(Dictionary<string, AttributeValue> item) => new(
        ulong.Parse(item[Layout].N, CultureInfo.InvariantCulture),
        VersionOf(item),
        long.Parse(item[ForgetAt].N, CultureInfo.InvariantCulture),
        item.TryGetValue(State, out AttributeValue? state) ? state.B.ToArray() : Array.Empty<byte>());

    public static byte[] IdOf(Dictionary<string, AttributeValue> item) => (item.TryGetValue(WholeId, out AttributeValue? whole) ? whole : item[Sort]).B.ToArray();

    public static long VersionOf(Dictionary<string, AttributeValue> item) => long.Parse(item[Version].N, CultureInfo.InvariantCulture);

    public static bool HasToken(Dictionary<string, AttributeValue> item, byte[] token) =>
        item.TryGetValue(Token, out AttributeValue? kept) && kept.B is not null && kept.B.ToArray().AsSpan().SequenceEqual(token);

    /// <summary>An upper bound of the item's size as DynamoDB counts it.</summary>
    public static int SizeOf(in GrainSave save) => (2 * save.Id.Length) + save.Grain.State.Length + OverheadBytes;

    public static AttributeValue Bytes(byte[] bytes) => new() { B = new MemoryStream(bytes, writable: false) };

    public static AttributeValue Bytes(string text) => Bytes(Encoding.UTF8.GetBytes(text));

    public static AttributeValue Number(long number) => new() { N = number.ToString(CultureInfo.InvariantCulture) };

    public static AttributeValue Number(ulong number) => new() { N = number.ToString(CultureInfo.InvariantCulture) };

    public static byte[] LayoutKey(ulong id)
    {
        byte[] key = new byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64BigEndian(key, id);
        return key;
    }
}
