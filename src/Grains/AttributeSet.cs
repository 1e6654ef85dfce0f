namespace Quota.Grains;

/// <summary>
/// The attributes of one request: UTF-8 names and values that stay where the protocol layer received them. Nothing is copied;
/// the set is valid as long as its buffer is.
/// </summary>
public readonly ref struct AttributeSet
{
    private readonly ReadOnlySpan<byte> _buffer;
    private readonly ReadOnlySpan<AttributeRange> _ranges;

    /// <param name="buffer">Holds every name and value.</param>
    /// <param name="ranges">One per attribute; names are distinct.</param>
    public AttributeSet(ReadOnlySpan<byte> buffer, ReadOnlySpan<AttributeRange> ranges)
    {
        _buffer = buffer;
        _ranges = ranges;
    }

    public int Count => _ranges.Length;

    /// <summary>Name of the attribute with this index.</summary>
    public ReadOnlySpan<byte> Name(int index) => _buffer.Slice(_ranges[index].NameStart, _ranges[index].NameLength);

    /// <summary>Value of the attribute with this index.</summary>
    public ReadOnlySpan<byte> Value(int index) => _buffer.Slice(_ranges[index].ValueStart, _ranges[index].ValueLength);

    /// <summary>Finds the value of the named attribute.</summary>
    public bool TryGet(ReadOnlySpan<byte> name, out ReadOnlySpan<byte> value)
    {
        foreach (ref readonly AttributeRange range in _ranges)
        {
            if (_buffer.Slice(range.NameStart, range.NameLength).SequenceEqual(name))
            {
                value = _buffer.Slice(range.ValueStart, range.ValueLength);
                return true;
            }
        }
        value = default;
        return false;
    }
}
