using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using System.Text;

namespace Quota.Silo.Catalog;

/// <summary>
/// A map from UTF-8 names that is looked up with a span, so that a request's bytes never become a string. Looking up takes no
/// lock and allocates nothing; a change is seen by every look-up that begins after it.
/// <para>Safety: the concurrent dictionary's. One owner changes the map at a time; readers may run at any time.</para>
/// </summary>
public sealed class Utf8Map<TValue>
    where TValue : class
{
    private readonly ConcurrentDictionary<byte[], TValue> _entries = new(Utf8Comparer.Instance);
    private readonly ConcurrentDictionary<byte[], TValue>.AlternateLookup<ReadOnlySpan<byte>> _lookup;
    private int _count;

    /// <summary>An empty map.</summary>
    public Utf8Map() => _lookup = _entries.GetAlternateLookup<ReadOnlySpan<byte>>();

    /// <param name="entries">Distinct names and their values.</param>
    public Utf8Map(IEnumerable<KeyValuePair<string, TValue>> entries)
        : this()
    {
        foreach ((string name, TValue value) in entries)
        {
            Set(Encoding.UTF8.GetBytes(name), value);
        }
    }

    public int Count => Volatile.Read(ref _count);

    public IEnumerable<TValue> Values => _entries.Select(e => e.Value);

    public bool TryGet(ReadOnlySpan<byte> name, [NotNullWhen(true)] out TValue? value)
    {
        if (Count == 0)
        {
            // A namespace may define no keys at all; the name is not hashed for nothing.
            value = null;
            return false;
        }
        return _lookup.TryGetValue(name, out value);
    }

    /// <summary>The value of this name, or null.</summary>
    public TValue? Find(string name) => _entries.GetValueOrDefault(Encoding.UTF8.GetBytes(name));

    /// <summary>Adds a name, or replaces its value.</summary>
    /// <param name="name">In UTF-8; kept, and not to be changed any more.</param>
    /// <param name="value">What the name means from now on.</param>
    internal void Set(byte[] name, TValue value)
    {
        if (_entries.TryAdd(name, value))
        {
            Interlocked.Increment(ref _count);
        }
        else
        {
            _entries[name] = value;
        }
    }

    /// <summary>Removes a name, if it is there.</summary>
    internal void Remove(ReadOnlySpan<byte> name)
    {
        if (_lookup.TryRemove(name, out _))
        {
            Interlocked.Decrement(ref _count);
        }
    }

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
