using System.Buffers.Binary;
using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Model;

namespace Quota.Silo.Execution;

/// <summary>
/// The id under which a block of counters is kept, in memory, journal and store. APPEND-ONLY (golden test: GrainIdTests).
/// <code>
/// the key's own block:   u8 1, u8 namespace length, namespace, key
/// one attribute value's: u8 2, u8 namespace length, namespace, u16 key length, key, u8 limit length, limit,
///                        then per attribute of the limit: u8 name length, name, u16 value length, value
/// </code>
/// Lengths are little-endian. An attribute that a request lacks counts as the empty value.
/// </summary>
public static class GrainId
{
    private const byte KeyBlock = 1;
    private const byte ValueBlock = 2;

    /// <summary>Writes the id of the key's own block; returns its length.</summary>
    public static int WriteKey(Span<byte> target, ReadOnlySpan<byte> owner, ReadOnlySpan<byte> key)
    {
        target[0] = KeyBlock;
        target[1] = (byte)owner.Length;
        owner.CopyTo(target[2..]);
        key.CopyTo(target[(2 + owner.Length)..]);
        return 2 + owner.Length + key.Length;
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

    /// <summary>The prefix all key blocks of a namespace share.</summary>
    public static byte[] KeyPrefix(ReadOnlySpan<byte> owner) => [KeyBlock, (byte)owner.Length, .. owner];

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
        if (id[0] != ValueBlock || rest.Length < 2)
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
