using System.Buffers.Binary;
using Quota.Contracts;
using Quota.Grains;

namespace Quota.Silo.Execution.Local;

/// <summary>
/// The journal's record of a step that is not a plain check: the blocks it wrote, as they are from now on. Replaying it is putting
/// them back. Little-endian, APPEND-ONLY (golden test: RecordGoldenTests; docs/DATA_FILE.md).
/// <code>
/// u8 kind = 4, u8 0, u16 blocks, u32 0, i64 window ns, i64 wall ms
/// per block: u16 id length, u16 0, id, u64 layout id, u32 state length, state
/// </code>
/// A block that is deleted becomes a record of eight zero bytes: one that may be forgotten at once.
/// </summary>
internal static class ImageRecord
{
    public const int HeadBytes = 24;
    private const int IdHeadBytes = 4;

    public static int BlockBytes(int idLength, int stateLength) => IdHeadBytes + idLength + DecisionRecord.ImageBytes(stateLength);

    public static int WriteHead(Span<byte> target, int blocks, in Instant now)
    {
        target[..8].Clear();
        target[0] = (byte)JournalRecordKind.Images;
        BinaryPrimitives.WriteUInt16LittleEndian(target[2..], checked((ushort)blocks));
        BinaryPrimitives.WriteInt64LittleEndian(target[8..], now.WindowNs);
        BinaryPrimitives.WriteInt64LittleEndian(target[16..], now.WallMs);
        return HeadBytes;
    }

    public static int WriteBlock(Span<byte> target, ReadOnlySpan<byte> id, ulong layoutId, ReadOnlySpan<byte> state)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(target, (uint)id.Length);
        id.CopyTo(target[IdHeadBytes..]);
        return IdHeadBytes + id.Length + DecisionRecord.WriteImage(target[(IdHeadBytes + id.Length)..], layoutId, state);
    }

    /// <summary>Reads the head; false if the bytes are no such record.</summary>
    public static bool TryReadHead(ReadOnlySpan<byte> record, out int blocks, out Instant now)
    {
        blocks = 0;
        now = default;
        if (record.Length < HeadBytes || record[0] != (byte)JournalRecordKind.Images)
        {
            return false;
        }
        blocks = BinaryPrimitives.ReadUInt16LittleEndian(record[2..]);
        long windowNs = BinaryPrimitives.ReadInt64LittleEndian(record[8..]);
        long wallMs = BinaryPrimitives.ReadInt64LittleEndian(record[16..]);
        if (!Instant.IsInBounds(windowNs, wallMs))
        {
            return false;
        }
        now = new Instant(windowNs, wallMs);
        return true;
    }

    /// <summary>Reads the next block and moves on; false if the bytes are no such block.</summary>
    public static bool TryReadBlock(ref ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> id, out ulong layoutId, out ReadOnlySpan<byte> state)
    {
        id = default;
        layoutId = 0;
        state = default;
        if (rest.Length < IdHeadBytes)
        {
            return false;
        }
        int idLength = BinaryPrimitives.ReadUInt16LittleEndian(rest);
        if (idLength > Bounds.GrainIdBytesMax || rest.Length < IdHeadBytes + idLength)
        {
            return false;
        }
        id = rest.Slice(IdHeadBytes, idLength);
        rest = rest[(IdHeadBytes + idLength)..];
        return DecisionRecord.TryReadImage(ref rest, out layoutId, out state);
    }
}
