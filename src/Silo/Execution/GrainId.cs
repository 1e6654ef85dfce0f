using System.Buffers.Binary;
using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Model;
using Quota.Grains.Usage;

namespace Quota.Silo.Execution;

/// <summary>
/// The id under which a block is kept, in memory, journal and store. APPEND-ONLY (golden test: RecordGoldenTests).
/// <code>
/// the key's own block:   u8 1, u8 namespace length, namespace, key
/// one attribute value's: u8 2, u8 namespace length, namespace, u16 key length, key, u8 limit length, limit,
///                        then per attribute of the limit: u8 name length, name, u16 value length, value
/// usage of a month:      u8 3, u8 namespace length, namespace, u32 month as yyyyMM, key
/// a request id:          u8 4, u8 namespace length, namespace, u16 key length, key, request id
/// a reservation:         u8 5, likewise, reservation id
/// an event:              u8 6, likewise, event id
/// leases on a block:     u8 7, likewise, what follows the key in the block's own id (nothing for the key's own block)
/// a change of the definitions, a silo, the cluster, erasures: u8 8, 9, 10, 11; they belong to no key, see their types
/// </code>
/// Lengths are little-endian; the month is big-endian, so that the order of the ids is that of months, and within a month that of
/// the keys. An attribute that a request lacks counts as the empty value.
/// </summary>
public static class GrainId
{
    public const byte KeyBlock = 1;
    public const byte ValueBlock = 2;
    public const byte MonthRecord = 3;
    public const byte RequestRecord = 4;
    public const byte ReservationRecord = 5;
    public const byte EventRecord = 6;
    public const byte LeaseRecord = 7;
    public const byte ChangeRecord = 8;
    public const byte SiloRecord = 9;
    public const byte ClusterRecord = 10;
    public const byte ErasureRecord = 11;
    private const int MonthBytes = 4;

    /// <summary>Writes the id of the key's own block; returns its length.</summary>
    public static int WriteKey(Span<byte> target, ReadOnlySpan<byte> owner, ReadOnlySpan<byte> key)
    {
        target[0] = KeyBlock;
        target[1] = (byte)owner.Length;
        owner.CopyTo(target[2..]);
        key.CopyTo(target[(2 + owner.Length)..]);
        return 2 + owner.Length + key.Length;
    }

    /// <summary>The id of the key's own block.</summary>
    public static byte[] OfKey(ReadOnlySpan<byte> owner, ReadOnlySpan<byte> key)
    {
        byte[] id = new byte[2 + owner.Length + key.Length];
        WriteKey(id, owner, key);
        return id;
    }

    /// <summary>The id of the own block of the key that a block belongs to; <paramref name="id"/> is one of a key (<see cref="TryReadKey"/>).</summary>
    public static byte[] KeyIdOf(ReadOnlySpan<byte> id)
    {
        Invariant.Check(TryReadKey(id, out ReadOnlySpan<byte> owner, out ReadOnlySpan<byte> key));
        return OfKey(owner, key);
    }

    /// <summary>Writes the id of the block of one combination of attribute values; returns its length.</summary>
    public static int WriteValue(Span<byte> target, ReadOnlySpan<byte> owner, ReadOnlySpan<byte> key, LimitModel limit, in AttributeSet attributes)
    {
        target[0] = ValueBlock;
        target[1] = (byte)owner.Length;
        owner.CopyTo(target[2..]);
        int n = 2 + owner.Length;
        n += WriteLong(target[n..], key);
        target[n++] = (byte)limit.NameUtf8.Length;
        limit.NameUtf8.CopyTo(target[n..]);
        n += limit.NameUtf8.Length;
        foreach (byte[] name in limit.PerUtf8)
        {
            target[n++] = (byte)name.Length;
            name.CopyTo(target[n..]);
            n += name.Length;
            attributes.TryGet(name, out ReadOnlySpan<byte> value);
            n += WriteLong(target[n..], value);
        }
        Invariant.Check(n <= Bounds.GrainIdBytesMax);
        return n;
    }

    /// <summary>Writes the id of the usage of a key's month; returns its length.</summary>
    public static int WriteMonth(Span<byte> target, ReadOnlySpan<byte> owner, MonthLabel month, ReadOnlySpan<byte> key)
    {
        target[0] = MonthRecord;
        target[1] = (byte)owner.Length;
        owner.CopyTo(target[2..]);
        int n = 2 + owner.Length;
        BinaryPrimitives.WriteUInt32BigEndian(target[n..], month.Value);
        key.CopyTo(target[(n + MonthBytes)..]);
        return n + MonthBytes + key.Length;
    }

    /// <summary>Writes the id of a record of a key: a request id, a reservation, an event, or leases; returns its length.</summary>
    /// <param name="target">At least <see cref="Bounds.GrainIdBytesMax"/>.</param>
    /// <param name="kind">4 to 7.</param>
    /// <param name="owner">The namespace.</param>
    /// <param name="key">The key.</param>
    /// <param name="name">What tells the record from the key's others of its kind.</param>
    public static int WriteRecord(Span<byte> target, byte kind, ReadOnlySpan<byte> owner, ReadOnlySpan<byte> key, ReadOnlySpan<byte> name)
    {
        Invariant.Check(kind is >= RequestRecord and <= LeaseRecord);
        target[0] = kind;
        target[1] = (byte)owner.Length;
        owner.CopyTo(target[2..]);
        int n = 2 + owner.Length;
        n += WriteLong(target[n..], key);
        name.CopyTo(target[n..]);
        return n + name.Length;
    }

    /// <summary>The request id, reservation or event of a record's id, which <see cref="TryReadKey"/> could read.</summary>
    public static ReadOnlySpan<byte> RecordName(ReadOnlySpan<byte> id)
    {
        int key = 2 + id[1];
        return id[(key + 2 + BinaryPrimitives.ReadUInt16LittleEndian(id[key..]))..];
    }

    /// <summary>The prefix all key blocks of a namespace share. Of each such id the rest is the key.</summary>
    public static byte[] KeyPrefix(ReadOnlySpan<byte> owner) => [KeyBlock, (byte)owner.Length, .. owner];

    /// <summary>The prefix the usage of all months of a namespace shares.</summary>
    public static byte[] MonthsPrefix(ReadOnlySpan<byte> owner) => [MonthRecord, (byte)owner.Length, .. owner];

    /// <summary>The prefix all usage of one month of a namespace shares. Of each such id the rest is the key.</summary>
    public static byte[] MonthPrefix(ReadOnlySpan<byte> owner, MonthLabel month)
    {
        byte[] prefix = new byte[2 + owner.Length + MonthBytes];
        WriteMonth(prefix, owner, month, default);
        return prefix;
    }

    /// <summary>The prefix all blocks of one kind (2, or 4 to 7) of a key share.</summary>
    public static byte[] PrefixOf(byte kind, ReadOnlySpan<byte> owner, ReadOnlySpan<byte> key)
    {
        Invariant.Check(kind is ValueBlock or (>= RequestRecord and <= LeaseRecord));
        return [kind, (byte)owner.Length, .. owner, (byte)key.Length, (byte)(key.Length >> 8), .. key];
    }

    /// <summary>The prefix all blocks of one kind (2, or 4 to 7) of a namespace share; among them the order is by the keys' lengths, then by the keys.</summary>
    public static byte[] PrefixOf(byte kind, ReadOnlySpan<byte> owner)
    {
        Invariant.Check(kind is ValueBlock or (>= RequestRecord and <= LeaseRecord));
        return [kind, (byte)owner.Length, .. owner];
    }

    /// <summary>Which month an id is the usage of; false for any other id.</summary>
    public static bool TryReadMonth(ReadOnlySpan<byte> id, out MonthLabel month)
    {
        month = default;
        return id.Length >= 2 && id[0] == MonthRecord && id.Length >= 2 + id[1] + MonthBytes
            && MonthLabel.TryFrom(BinaryPrimitives.ReadUInt32BigEndian(id[(2 + id[1])..]), out month);
    }

    /// <summary>
    /// The part of an id that decides where its blocks live: all blocks of one key give the same namespace and key. Returns false
    /// for bytes that are not an id.
    /// </summary>
    public static bool TryReadKey(ReadOnlySpan<byte> id, out ReadOnlySpan<byte> owner, out ReadOnlySpan<byte> key)
    {
        owner = default;
        key = default;
        if (id.Length < 2 || id.Length < 2 + id[1])
        {
            return false;
        }
        owner = id.Slice(2, id[1]);
        ReadOnlySpan<byte> rest = id[(2 + owner.Length)..];
        if (id[0] == KeyBlock)
        {
            key = rest;
            return true;
        }
        if (id[0] == MonthRecord)
        {
            key = rest.Length < MonthBytes ? default : rest[MonthBytes..];
            return rest.Length >= MonthBytes;
        }
        if (id[0] is < ValueBlock or > LeaseRecord || rest.Length < 2)
        {
            return false;
        }
        int keyLength = BinaryPrimitives.ReadUInt16LittleEndian(rest);
        if (rest.Length < 2 + keyLength)
        {
            return false;
        }
        key = rest.Slice(2, keyLength);
        return true;
    }

    private static int WriteLong(Span<byte> target, ReadOnlySpan<byte> bytes)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(target, (ushort)bytes.Length);
        bytes.CopyTo(target[2..]);
        return 2 + bytes.Length;
    }
}
