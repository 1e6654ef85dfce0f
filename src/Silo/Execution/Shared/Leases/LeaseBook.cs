using System.Text;
using Quota.Contracts;
using Quota.Grains;

namespace Quota.Silo.Execution.Shared.Leases;

/// <summary>
/// The leases on one block that are not settled: the record beside it (kind 7). A lease is in the book from the commit that
/// counted its permits to the commit that settles it, so it is settled exactly once. APPEND-ONLY (golden test: LeaseBookTests):
/// <code>
/// i64 forget at, u8 version = 1, u8 leases, then per lease:
///   i64 id, i64 holder, i64 end ns, i64 granted at ns, i64 granted at ms, u8 length, silo, u8 limits, then per limit:
///     u8 length, name, u8 length, unit, u8 flags (1: conditional), i64 granted
/// </code>
/// Integers are little-endian, texts UTF-8.
/// </summary>
internal static class LeaseBook
{
    private const byte Version = 1;
    private const byte ConditionalFlag = 1;

    /// <summary>Id of the book of a block.</summary>
    public static byte[] IdOf(ReadOnlySpan<byte> blockId)
    {
        Invariant.Check(GrainId.TryReadKey(blockId, out ReadOnlySpan<byte> owner, out ReadOnlySpan<byte> key));
        ReadOnlySpan<byte> tail = blockId[0] == GrainId.KeyBlock ? default : GrainId.RecordName(blockId);
        Span<byte> room = stackalloc byte[Bounds.GrainIdBytesMax];
        return room[..GrainId.WriteRecord(room, GrainId.LeaseRecord, owner, key, tail)].ToArray();
    }

    /// <summary>Id of the block whose book this is.</summary>
    public static byte[] BlockIdOf(ReadOnlySpan<byte> bookId)
    {
        Invariant.Check(GrainId.TryReadKey(bookId, out ReadOnlySpan<byte> owner, out ReadOnlySpan<byte> key));
        ReadOnlySpan<byte> tail = GrainId.RecordName(bookId);
        if (tail.IsEmpty)
        {
            Span<byte> room = stackalloc byte[Bounds.GrainIdBytesMax];
            return room[..GrainId.WriteKey(room, owner, key)].ToArray();
        }
        return [GrainId.ValueBlock, .. bookId[1..]];
    }

    public static byte[] Encode(IReadOnlyList<LeaseEntry> leases)
    {
        Invariant.Check(leases.Count >= 1);
        return Encode(leases, RecordHead.Never);
    }

    /// <summary>
    /// A book that is empty is not deleted at once but left to be forgotten: a block that were deleted and made again while a clock
    /// stands still would have its old versions a second time, and a silo that knows one of them could save over it.
    /// </summary>
    public static byte[] EncodeEmpty(in Instant now) => Encode([], now.WindowNs + Bounds.LeaseBookEmptyNs);

    private static byte[] Encode(IReadOnlyList<LeaseEntry> leases, long forgetAtNs)
    {
        Invariant.Check(leases.Count <= Bounds.LeasesPerBlockMax);
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes);
        writer.Write(forgetAtNs);
        writer.Write(Version);
        writer.Write((byte)leases.Count);
        foreach (LeaseEntry lease in leases)
        {
            writer.Write(lease.Id);
            writer.Write(lease.Holder);
            writer.Write(lease.EndNs);
            writer.Write(lease.GrantedAt.WindowNs);
            writer.Write(lease.GrantedAt.WallMs);
            Write(writer, lease.Silo);
            writer.Write((byte)lease.Permits.Count);
            foreach (LeasePermits permits in lease.Permits)
            {
                Write(writer, permits.Limit);
                Write(writer, permits.Unit);
                writer.Write(permits.IsConditional ? ConditionalFlag : (byte)0);
                writer.Write(permits.Granted);
            }
        }
        writer.Flush();
        return bytes.ToArray();
    }

    /// <summary>Reads a book. False if it is not one that this version knows.</summary>
    public static bool TryDecode(ReadOnlyMemory<byte> state, out List<LeaseEntry> leases)
    {
        leases = [];
        using var reader = new BinaryReader(new MemoryStream(state.ToArray()));
        try
        {
            reader.ReadInt64();
            if (reader.ReadByte() != Version)
            {
                return false;
            }
            int count = reader.ReadByte();
            for (int i = 0; i < count; i++)
            {
                leases.Add(ReadLease(reader));
            }
            return reader.BaseStream.Position == reader.BaseStream.Length;
        }
        catch (EndOfStreamException)
        {
            return false;
        }
    }

    private static LeaseEntry ReadLease(BinaryReader reader)
    {
        long id = reader.ReadInt64();
        long holder = reader.ReadInt64();
        long endNs = reader.ReadInt64();
        long grantedNs = reader.ReadInt64();
        long grantedMs = reader.ReadInt64();
        string silo = ReadText(reader);
        var permits = new LeasePermits[reader.ReadByte()];
        for (int i = 0; i < permits.Length; i++)
        {
            string limit = ReadText(reader);
            string unit = ReadText(reader);
            bool isConditional = (reader.ReadByte() & ConditionalFlag) != 0;
            permits[i] = new LeasePermits(limit, unit, reader.ReadInt64(), isConditional);
        }
        return new LeaseEntry(id, holder, silo, endNs, new Instant(grantedNs, grantedMs), permits);
    }

    private static void Write(BinaryWriter writer, string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        writer.Write((byte)utf8.Length);
        writer.Write(utf8);
    }

    private static string ReadText(BinaryReader reader)
    {
        int length = reader.ReadByte();
        byte[] utf8 = reader.ReadBytes(length);
        return utf8.Length == length ? Encoding.UTF8.GetString(utf8) : throw new EndOfStreamException();
    }
}
