using Quota.Grains;
using Quota.Silo.Limiting;

namespace Quota.Silo.Execution.Shared;

/// <summary>The attributes and named costs of a request, copied out of the buffers of its caller. Immutable.</summary>
internal sealed class CopiedText
{
    private readonly byte[] _bytes;
    private readonly AttributeRange[] _attributes;
    private readonly NamedCost[] _named;

    public CopiedText(AttributeSet attributes, NamedCosts named)
    {
        int size = 0;
        for (int i = 0; i < attributes.Count; i++)
        {
            size += attributes.Name(i).Length + attributes.Value(i).Length;
        }
        for (int i = 0; i < named.Count; i++)
        {
            size += named.Name(i).Length;
        }
        _bytes = new byte[size];
        int used = 0;
        _attributes = new AttributeRange[attributes.Count];
        for (int i = 0; i < _attributes.Length; i++)
        {
            (int name, int nameLength) = Append(attributes.Name(i), ref used);
            (int value, int valueLength) = Append(attributes.Value(i), ref used);
            _attributes[i] = new AttributeRange(name, nameLength, value, valueLength);
        }
        _named = new NamedCost[named.Count];
        for (int i = 0; i < _named.Length; i++)
        {
            (int name, int nameLength) = Append(named.Name(i), ref used);
            _named[i] = new NamedCost(name, nameLength, named.Units(i));
        }
    }

    public AttributeSet Attributes => new(_bytes, _attributes);

    public NamedCosts Named => new(_bytes, _named);

    private (int Start, int Length) Append(ReadOnlySpan<byte> text, ref int used)
    {
        text.CopyTo(_bytes.AsSpan(used));
        used += text.Length;
        return (used - text.Length, text.Length);
    }
}
