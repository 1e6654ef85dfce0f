using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;

namespace Quota.Silo;

/// <summary>
/// 64-bit hash for tables in memory. Keyed with a secret drawn at start, so that callers who choose keys cannot choose
/// collisions; the value means nothing outside this process and is never stored. Mixing after wyhash (folded 128-bit products).
/// A process that hosts a simulation may fix the secret by <see cref="SecretName"/>, so that tables iterate in the same order every time.
/// </summary>
internal static class KeyHash
{
    /// <summary>Data of the <see cref="AppContext"/>, 24 bytes; only code of the process itself can set it, before the first hash.</summary>
    public const string SecretName = "Quota.KeyHash.Secret";

    private static readonly byte[] Secret = AppContext.GetData(SecretName) as byte[] ?? RandomNumberGenerator.GetBytes(24);
    private static readonly ulong Seed = BinaryPrimitives.ReadUInt64LittleEndian(Secret);
    private static readonly ulong SecretA = BinaryPrimitives.ReadUInt64LittleEndian(Secret.AsSpan(8)) | 1;
    private static readonly ulong SecretB = BinaryPrimitives.ReadUInt64LittleEndian(Secret.AsSpan(16)) | 1;

    public static ulong Compute(ReadOnlySpan<byte> bytes) => Compute(bytes, 0);

    /// <summary>Hashes <paramref name="bytes"/>, continuing from <paramref name="previous"/>.</summary>
    public static ulong Compute(ReadOnlySpan<byte> bytes, ulong previous)
    {
        ulong hash = Seed ^ previous;
        ReadOnlySpan<byte> rest = bytes;
        while (rest.Length >= 16)
        {
            hash = Mix(BinaryPrimitives.ReadUInt64LittleEndian(rest) ^ SecretA, BinaryPrimitives.ReadUInt64LittleEndian(rest[8..]) ^ hash);
            rest = rest[16..];
        }
        ulong low = 0, high = 0;
        if (rest.Length >= 8)
        {
            low = BinaryPrimitives.ReadUInt64LittleEndian(rest);
            high = Tail(rest[8..]);
        }
        else
        {
            low = Tail(rest);
        }
        hash = Mix(low ^ SecretB, high ^ hash);
        return Mix(hash ^ SecretA, (ulong)bytes.Length ^ SecretB);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Tail(ReadOnlySpan<byte> rest)
    {
        ulong value = 0;
        for (int i = 0; i < rest.Length; i++)
        {
            value |= (ulong)rest[i] << (8 * i);
        }
        return value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Mix(ulong a, ulong b)
    {
        ulong high = Math.BigMul(a, b, out ulong low);
        return high ^ low;
    }
}
