using System.Buffers.Binary;

namespace Quota.Silo.Journal;

/// <summary>
/// The head of a frame: 48 bytes, little-endian, then the payload, then up to 7 ignored bytes to the next multiple of 8.
/// A frame is what one group write puts into one segment. Persisted, APPEND-ONLY; golden test: JournalGoldenTests.
/// <code>
///  0 u32 crc          CRC-32C of the rest of the header and the payload, seeded with the journal's id
///  4 u32 payload      bytes
///  8 u64 lsn          where this frame begins; anything else here means the bytes are stale
/// 16 u64 previousEnd  where the frame before it ends: lsn itself, except in a segment's first frame
/// 24 u64 durable      everything before this was synced when this frame was written
/// 32 i64 unixMs       when it was written
/// 40 u32 records      how many are in the payload, each u32 length + bytes
/// 44 u16 kind         FrameKind
/// 46 u16 zero
/// </code>
/// </summary>
internal readonly record struct FrameHeader(int PayloadBytes, long Lsn, long PreviousEnd, long Durable, long UnixMs, int Records, FrameKind Kind)
{
    public const int Bytes = 48;
    public const int LengthPrefixBytes = 4;
    public const int Alignment = 8;
    public const int LsnOffset = 8;

    /// <summary>Where the next frame begins.</summary>
    public long End => Lsn + Align(Bytes + PayloadBytes);

    public static long Align(long bytes) => (bytes + (Alignment - 1)) & -Alignment;

    /// <summary>Bytes a record takes at most: alone in its frame.</summary>
    public static long AloneBytes(int recordBytes) => Align(Bytes + LengthPrefixBytes + (long)recordBytes);

    /// <summary>Writes the header into the first 48 bytes of the frame, whose payload must be in place, and seals it.</summary>
    public void Seal(Span<byte> frame, uint seed)
    {
        BinaryPrimitives.WriteInt32LittleEndian(frame[4..], PayloadBytes);
        BinaryPrimitives.WriteInt64LittleEndian(frame[LsnOffset..], Lsn);
        BinaryPrimitives.WriteInt64LittleEndian(frame[16..], PreviousEnd);
        BinaryPrimitives.WriteInt64LittleEndian(frame[24..], Durable);
        BinaryPrimitives.WriteInt64LittleEndian(frame[32..], UnixMs);
        BinaryPrimitives.WriteInt32LittleEndian(frame[40..], Records);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[44..], (uint)Kind);
        BinaryPrimitives.WriteUInt32LittleEndian(frame, Crc32C.Append(seed, frame[4..]));
    }

    /// <summary>Reads the fields as they are: nothing is checked yet.</summary>
    public static FrameHeader Read(ReadOnlySpan<byte> header) => new(
        BinaryPrimitives.ReadInt32LittleEndian(header[4..]),
        BinaryPrimitives.ReadInt64LittleEndian(header[LsnOffset..]),
        BinaryPrimitives.ReadInt64LittleEndian(header[16..]),
        BinaryPrimitives.ReadInt64LittleEndian(header[24..]),
        BinaryPrimitives.ReadInt64LittleEndian(header[32..]),
        BinaryPrimitives.ReadInt32LittleEndian(header[40..]),
        (FrameKind)BinaryPrimitives.ReadUInt16LittleEndian(header[44..]));

    /// <summary>Whether the checksum of the whole frame (header and payload, no padding) holds.</summary>
    public static bool IsIntact(ReadOnlySpan<byte> frame, uint seed) =>
        BinaryPrimitives.ReadUInt32LittleEndian(frame) == Crc32C.Append(seed, frame[4..]);

    /// <summary>Whether the payload is exactly <see cref="Records"/> records.</summary>
    public bool IsWellFormed(ReadOnlySpan<byte> payload)
    {
        int records = 0;
        while (payload.Length >= LengthPrefixBytes)
        {
            uint bytes = BinaryPrimitives.ReadUInt32LittleEndian(payload);
            if (bytes > (uint)(payload.Length - LengthPrefixBytes))
            {
                return false;
            }
            payload = payload[(LengthPrefixBytes + (int)bytes)..];
            records++;
        }
        return payload.IsEmpty && records == Records;
    }
}
