using System.Buffers.Binary;
using Quota.Contracts;
using Quota.Grains;

namespace Quota.Silo.Execution.Local;

/// <summary>
/// Kind 1: how accepted decisions were kept before there were units and usage. Read, not written any more. Little-endian (golden
/// test: RecordGoldenTests; docs/DATA_FILE.md).
/// <code>
/// u8 kind = 1, u8 blocks, u16 0, u32 0, i64 window ns, i64 wall ms, i64 cost
/// per block: u8 flags (1 = image follows), u8 0, u16 id length, u32 mask, id
///            with an image: u64 layout id, u16 state length, the counters as they were before this decision
/// </code>
/// The first record of a block after it was handed to a checkpoint carries an image; so a replay needs nothing but the journal,
/// and a record whose block has no image before it is older than what the store holds.
/// </summary>
internal static class CounterRecord
{
    public const int HeadBytes = 32;
    public const byte ImageFlag = 1;
    private const int BlockHeadBytes = 8;
    private const int ImageHeadBytes = 10;

    /// <summary>Reads the head; false if the bytes are no such record.</summary>
    public static bool TryReadHead(ReadOnlySpan<byte> record, out int blocks, out Instant now, out long cost)
    {
        blocks = 0;
        now = default;
        cost = 0;
        if (record.Length < HeadBytes || record[0] != (byte)JournalRecordKind.Counters)
        {
            return false;
        }
        blocks = record[1];
        long windowNs = BinaryPrimitives.ReadInt64LittleEndian(record[8..]);
        long wallMs = BinaryPrimitives.ReadInt64LittleEndian(record[16..]);
        cost = BinaryPrimitives.ReadInt64LittleEndian(record[24..]);
        if (!Instant.IsInBounds(windowNs, wallMs) || cost is < 0 or > Bounds.CostMax)
        {
            return false;
        }
        now = new Instant(windowNs, wallMs);
        return true;
    }

    /// <summary>Reads the next block's part and moves on; false if the bytes are no such part.</summary>
    public static bool TryReadBlock(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> id, out uint mask, out ulong? layoutId, out ReadOnlySpan<byte> state)
    {
        id = default;
        mask = 0;
        layoutId = null;
        state = default;
        if (rest.Length < BlockHeadBytes)
        {
            return false;
        }
        bool image = rest[0] == ImageFlag;
        int idLength = BinaryPrimitives.ReadUInt16LittleEndian(rest[2..]);
        mask = BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]);
        int n = BlockHeadBytes + idLength;
        if (idLength > Bounds.GrainIdBytesMax || rest.Length < n + (image ? ImageHeadBytes : 0))
        {
            return false;
        }
        id = rest[BlockHeadBytes..n];
        if (image)
        {
            layoutId = BinaryPrimitives.ReadUInt64LittleEndian(rest[n..]);
            int stateLength = BinaryPrimitives.ReadUInt16LittleEndian(rest[(n + 8)..]);
            n += ImageHeadBytes;
            if (rest.Length < n + stateLength)
            {
                return false;
            }
            state = rest.Slice(n, stateLength);
            n += stateLength;
        }
        rest = rest[n..];
        return true;
    }
}
