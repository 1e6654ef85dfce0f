using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Quota.Silo.Catalog;

/// <summary>An immutable map from UTF-8 names that is looked up with a span, so that a request's bytes never become a string.</summary>
public sealed class Utf8Map<TValue>
    where TValue : class
{
    private readonly Dictionary<byte[], TValue> _entries;
    private readonly Dictionary<byte[], TValue>.AlternateLookup<ReadOnlySpan<byte>> _lookup;

    /// <param name="entries">Distinct names and their values.</param>
    public Utf8Map(IEnumerable<KeyValuePair<string, TValue>> entries)
    {
        _entries = new Dictionary<byte[], TValue>(Utf8Comparer.Instance);
        foreach ((string name, TValue value) in entries)
        {
            _entries.Add(Encoding.UTF8.GetBytes(name), value);
        }
        _lookup = _entries.GetAlternateLookup<ReadOnlySpan<byte>>();
    }

    public int Count => _entries.Count;

    public IEnumerable<TValue> Values => _entries.Values;

    public bool TryGet(ReadOnlySpan<byte> name, [NotNullWhen(true)] out TValue? value) => _lookup.TryGetValue(name, out value);

    private sealed class Utf8Comparer : IEqualityComparer<byte[]>, IAlternateEqualityComparer<ReadOnlySpan<byte>, byte[]>
    {
        public static readonly Utf8Comparer Instance = new();

        public bool Equals(byte[]? x, byte[]? y) => x.AsSpan().SequenceEqual(y);

        public int GetHashCode(byte[] obj) => GetHashCode(obj.AsSpan());

        public bool Equals(ReadOnlySpan<byte> alternate, byte[] other) => alternate.SequenceEqual(other);

        public int GetHashCode(ReadOnlySpan<byte> alternate) => (int)KeyHash.Compute(alternate);

        public byte[] Create(ReadOnlySpan<byte> alternate) => alternate.ToArray();
    }
}
