using System.Buffers.Binary;
using System.Text;
using Quota.Silo.Execution;
using Quota.Silo.Store;

namespace Quota.Silo.Cluster;

/// <summary>
/// A silo's sign of life (block kind 9, id u8 9, name). APPEND-ONLY (golden test: SiloRecordTests); integers are little-endian.
/// <code>
/// i64 never, u8 1, u8 flags (1: stopped), 16 bytes run, u8 executor, i64 started ms, i64 beat ms,
/// i64 leases, i32 partitions, i64 persistence lag ms, i64 unsettled units, u16 length, address, u16 length, product version
/// </code>
/// </summary>
/// <param name="Run">16 random bytes per start.</param>
/// <param name="Address">Where others reach it.</param>
/// <param name="ProductVersion">Version of Quota.</param>
/// <param name="Executor">Who owns keys.</param>
/// <param name="StartedMs">When it started, by its own clock, in ms since 1970.</param>
/// <param name="BeatMs">When it wrote this, by its own clock, in ms since 1970.</param>
/// <param name="IsStopped">It stopped in an orderly way.</param>
/// <param name="Numbers">What it says of itself.</param>
internal sealed record SiloRecord(Guid Run, string Address, string ProductVersion, ExecutorKind Executor, long StartedMs, long BeatMs, bool IsStopped, SiloNumbers Numbers)
{
    private const byte Version = 1;
    private const int FixedBytes = RecordHead.Bytes + 1 + 1 + 16 + 1 + 8 + 8 + 8 + 4 + 8 + 8;

    /// <summary>The id of a silo's record.</summary>
    public static byte[] IdOf(string name) => [GrainId.SiloRecord, .. Encoding.UTF8.GetBytes(name)];

    public byte[] Encode()
    {
        byte[] address = Encoding.UTF8.GetBytes(Address);
        byte[] version = Encoding.UTF8.GetBytes(ProductVersion);
        byte[] state = new byte[FixedBytes + 2 + address.Length + 2 + version.Length];
        RecordHead.Write(state, RecordHead.Never);
        Span<byte> rest = state.AsSpan(RecordHead.Bytes);
        (rest[0], rest[1]) = (Version, (byte)(IsStopped ? 1 : 0));
        Run.TryWriteBytes(rest[2..]);
        rest[18] = (byte)Executor;
        BinaryPrimitives.WriteInt64LittleEndian(rest[19..], StartedMs);
        BinaryPrimitives.WriteInt64LittleEndian(rest[27..], BeatMs);
        BinaryPrimitives.WriteInt64LittleEndian(rest[35..], Numbers.Leases);
        BinaryPrimitives.WriteInt32LittleEndian(rest[43..], Numbers.Partitions);
        BinaryPrimitives.WriteInt64LittleEndian(rest[47..], Numbers.PersistenceLagMs);
        BinaryPrimitives.WriteInt64LittleEndian(rest[55..], Numbers.UnsettledUnits);
        rest = rest[63..];
        BinaryPrimitives.WriteUInt16LittleEndian(rest, (ushort)address.Length);
        address.CopyTo(rest[2..]);
        rest = rest[(2 + address.Length)..];
        BinaryPrimitives.WriteUInt16LittleEndian(rest, (ushort)version.Length);
        version.CopyTo(rest[2..]);
        return state;
    }

    /// <exception cref="StoreException">The bytes are none that this build reads.</exception>
    public static SiloRecord Decode(ReadOnlySpan<byte> state)
    {
        if (state.Length < FixedBytes + 4 || state[RecordHead.Bytes] != Version)
        {
            throw new StoreException("the store holds a silo's record in a format that this build cannot read");
        }
        ReadOnlySpan<byte> rest = state[RecordHead.Bytes..];
        var numbers = new SiloNumbers(
            BinaryPrimitives.ReadInt64LittleEndian(rest[35..]),
            BinaryPrimitives.ReadInt32LittleEndian(rest[43..]),
            BinaryPrimitives.ReadInt64LittleEndian(rest[47..]),
            BinaryPrimitives.ReadInt64LittleEndian(rest[55..]));
        ReadOnlySpan<byte> texts = rest[63..];
        string address = Text(ref texts);
        string version = Text(ref texts);
        return new SiloRecord(
            new Guid(rest.Slice(2, 16)),
            address,
            version,
            (ExecutorKind)rest[18],
            BinaryPrimitives.ReadInt64LittleEndian(rest[19..]),
            BinaryPrimitives.ReadInt64LittleEndian(rest[27..]),
            (rest[1] & 1) != 0,
            numbers);
    }

    private static string Text(ref ReadOnlySpan<byte> rest)
    {
        int length = rest.Length < 2 ? int.MaxValue : BinaryPrimitives.ReadUInt16LittleEndian(rest);
        if (length > rest.Length - 2)
        {
            throw new StoreException("the store holds a silo's record that ends too early");
        }
        string text = Encoding.UTF8.GetString(rest.Slice(2, length));
        rest = rest[(2 + length)..];
        return text;
    }
}
