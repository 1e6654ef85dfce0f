using System.Buffers.Binary;
using Quota.Contracts;
using Quota.Grains;

namespace Quota.Silo.Execution.Local;

/// <summary>
/// The journal's record of one accepted decision: which counters of which blocks counted how much, and when. Little-endian,
/// APPEND-ONLY (golden test: RecordGoldenTests; docs/DATA_FILE.md).
/// <code>
/// u8 kind = 3, u8 parts, u16 0, u32 0, i64 window ns, i64 wall ms
/// per part: u8 flags, u8 unit, u16 id length, u32 mask, i64 cost, id
///           with an image: u64 layout id, u32 state length, state
/// </code>
/// A part says: the counters of <c>mask</c> counted <c>cost</c>, and the usage section noted it under <c>unit</c>. Several parts may
/// be about one block, each about another unit; the block's id stands in the first, the others have none. The first record of a
/// block after it was handed to a checkpoint carries its image, as it was before this decision; so a replay needs nothing but the
/// journal, and a record whose block has no image before it is older than what the store holds.
/// </summary>
internal static class DecisionRecord
{
    public const int HeadBytes = 24;

    /// <summary>The image as it was before this decision follows.</summary>
    public const byte ImageFlag = 1;

    /// <summary>A descendant of the key used the units.</summary>
    public const byte RolledUpFlag = 2;

    /// <summary>The image is the block as it is from now on; nothing is counted on it.</summary>
    public const byte RecordFlag = 4;

    /// <summary>The units are held by a reservation: the counters count them, the usage section does not.</summary>
    public const byte HeldFlag = 8;

    private const int PartHeadBytes = 16;
    private const int ImageHeadBytes = 12;

    /// <summary>Most bytes of a part without its image.</summary>
    public static int PartBytes(int idLength) => PartHeadBytes + idLength;

    /// <summary>Bytes that an image adds to its part.</summary>
    public static int ImageBytes(int stateLength) => ImageHeadBytes + stateLength;

    public static int WriteHead(Span<byte> target, int parts, in Instant now)
    {
        target[..8].Clear();
        target[0] = (byte)JournalRecordKind.Decision;
        target[1] = checked((byte)parts);
        BinaryPrimitives.WriteInt64LittleEndian(target[8..], now.WindowNs);
        BinaryPrimitives.WriteInt64LittleEndian(target[16..], now.WallMs);
        return HeadBytes;
    }

    /// <summary>Writes a part without an image; returns its length. An empty id: the block of the part before.</summary>
    public static int WritePart(Span<byte> target, int flags, int unit, ReadOnlySpan<byte> id, uint mask, long cost)
    {
        target[0] = (byte)flags;
        target[1] = (byte)unit;
        BinaryPrimitives.WriteUInt16LittleEndian(target[2..], (ushort)id.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(target[4..], mask);
        BinaryPrimitives.WriteInt64LittleEndian(target[8..], cost);
        id.CopyTo(target[PartHeadBytes..]);
        return PartHeadBytes + id.Length;
    }

    /// <summary>Writes the image that a part's flags announce; returns its length.</summary>
    public static int WriteImage(Span<byte> target, ulong layoutId, ReadOnlySpan<byte> state)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(target, layoutId);
        BinaryPrimitives.WriteInt32LittleEndian(target[8..], state.Length);
        state.CopyTo(target[ImageHeadBytes..]);
        return ImageHeadBytes + state.Length;
    }

    /// <summary>Reads the head; false if the bytes are no such record.</summary>
    public static bool TryReadHead(ReadOnlySpan<byte> record, out int parts, out Instant now)
    {
        parts = 0;
        now = default;
        if (record.Length < HeadBytes || record[0] != (byte)JournalRecordKind.Decision)
        {
            return false;
        }
        parts = record[1];
        long windowNs = BinaryPrimitives.ReadInt64LittleEndian(record[8..]);
        long wallMs = BinaryPrimitives.ReadInt64LittleEndian(record[16..]);
        if (!Instant.IsInBounds(windowNs, wallMs))
        {
            return false;
        }
        now = new Instant(windowNs, wallMs);
        return true;
    }

    /// <summary>Reads the next part and moves on; false if the bytes are no such part.</summary>
    public static bool TryReadPart(ref ReadOnlySpan<byte> rest, out DecisionPart part)
    {
        part = default;
        if (rest.Length < PartHeadBytes)
        {
            return false;
        }
        int idLength = BinaryPrimitives.ReadUInt16LittleEndian(rest[2..]);
        long cost = BinaryPrimitives.ReadInt64LittleEndian(rest[8..]);
        if (idLength > Bounds.GrainIdBytesMax || rest.Length < PartHeadBytes + idLength || cost is < 0 or > Bounds.CostMax || rest[1] >= Bounds.UnitsMax)
        {
            return false;
        }
        part.Flags = rest[0];
        part.Unit = rest[1];
        part.Mask = BinaryPrimitives.ReadUInt32LittleEndian(rest[4..]);
        part.Cost = cost;
        part.Id = rest.Slice(PartHeadBytes, idLength);
        rest = rest[(PartHeadBytes + idLength)..];
        return !part.HasImage || TryReadImage(ref rest, out part.LayoutId, out part.State);
    }

    /// <summary>Reads an image and moves on.</summary>
    public static bool TryReadImage(ref ReadOnlySpan<byte> rest, out ulong layoutId, out ReadOnlySpan<byte> state)
    {
        layoutId = 0;
        state = default;
        if (rest.Length < ImageHeadBytes)
        {
            return false;
        }
        layoutId = BinaryPrimitives.ReadUInt64LittleEndian(rest);
        int length = BinaryPrimitives.ReadInt32LittleEndian(rest[8..]);
        if (length < 0 || length > rest.Length - ImageHeadBytes)
        {
            return false;
        }
        state = rest.Slice(ImageHeadBytes, length);
        rest = rest[(ImageHeadBytes + length)..];
        return true;
    }
}
