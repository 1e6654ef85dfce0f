using System.Buffers.Binary;

namespace Quota.Silo.Journal;

/// <summary>
/// The first 4,096 bytes of a segment file, little-endian; what is not named is zero. Persisted, APPEND-ONLY: magic, version and
/// crc keep their places and meaning in every version to come, so that any build can tell another version from damage.
/// Golden test: JournalGoldenTests.
/// <code>
///  0 u64 magic      "QUOTAJNL"
///  8 u32 version    1
/// 12 u32 crc        CRC-32C of the 4,096 bytes with this field zero
/// 16 u64 journalId  random; the same in every segment of a journal
/// 24 i64 number     the segment's number, also in the file's name
/// 32 i64 bytes      the file's length
/// 40 i64 unixMs     when the segment was prepared
/// </code>
/// </summary>
internal readonly record struct SegmentHeader(uint Version, ulong JournalId, long Number, long SegmentBytes, long UnixMs)
{
    public const int Bytes = 4096;
    public const uint CurrentVersion = 1;
    private const int CrcOffset = 12;

    private static ReadOnlySpan<byte> Magic => "QUOTAJNL"u8;

    public byte[] Encode()
    {
        byte[] bytes = new byte[Bytes];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), Version);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(16), JournalId);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(24), Number);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(32), SegmentBytes);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(40), UnixMs);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(CrcOffset), Checksum(bytes));
        return bytes;
    }

    /// <summary>False if this is not an intact header of any version.</summary>
    public static bool TryDecode(ReadOnlySpan<byte> bytes, out SegmentHeader header)
    {
        header = default;
        if (bytes.Length < Bytes || !bytes.StartsWith(Magic)
            || BinaryPrimitives.ReadUInt32LittleEndian(bytes[CrcOffset..]) != Checksum(bytes[..Bytes]))
        {
            return false;
        }
        header = new SegmentHeader(
            BinaryPrimitives.ReadUInt32LittleEndian(bytes[8..]),
            BinaryPrimitives.ReadUInt64LittleEndian(bytes[16..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[24..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[32..]),
            BinaryPrimitives.ReadInt64LittleEndian(bytes[40..]));
        return true;
    }

    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        ReadOnlySpan<byte> noCrc = [0, 0, 0, 0];
        uint crc = Crc32C.Append(uint.MaxValue, bytes[..CrcOffset]);
        crc = Crc32C.Append(crc, noCrc);
        return Crc32C.Append(crc, bytes[(CrcOffset + sizeof(uint))..]);
    }
}
