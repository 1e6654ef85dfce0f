using System.Diagnostics.CodeAnalysis;

namespace Quota.Silo.Execution.Shared;

/// <summary>Compares ids by their bytes, also where they stand in somebody else's buffer.</summary>
internal sealed class BytesComparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
{
    public static readonly BytesComparer Instance = new();

    /// <summary>The order of the bytes.</summary>
    public static readonly IComparer<byte[]> Order = Comparer<byte[]>.Create(static (x, y) => x.AsSpan().SequenceCompareTo(y));

    public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

    public int GetHashCode([DisallowNull] byte[] obj) => GetHashCode(obj.AsSpan());

    public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

    public int GetHashCode(ReadOnlySpan<byte> alternate) => KeyHash.Compute(alternate).GetHashCode();

    public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
}
