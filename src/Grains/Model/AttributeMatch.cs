using System.Text;

namespace Quota.Grains.Model;

/// <summary>
/// One condition of a limit: the named attribute has one of these values. A value that ends in <c>*</c> matches every value
/// that starts with what precedes it; <c>*</c> alone matches any value that is present. An absent attribute matches nothing.
/// </summary>
public sealed class AttributeMatch
{
    private readonly byte[] _name;
    private readonly (byte[] Text, bool Prefix)[] _values;

    /// <param name="name">The attribute's name.</param>
    /// <param name="values">At least one value or prefix pattern.</param>
    public AttributeMatch(string name, IReadOnlyList<string> values)
    {
        Invariant.Check(values.Count > 0);
        Name = name;
        Values = [.. values];
        _name = Encoding.UTF8.GetBytes(name);
        _values = [.. values.Select(v => v.EndsWith('*') ? (Encoding.UTF8.GetBytes(v[..^1]), true) : (Encoding.UTF8.GetBytes(v), false))];
    }

    public string Name { get; }

    public IReadOnlyList<string> Values { get; }

    /// <summary>Whether the request's attributes satisfy this condition.</summary>
    public bool Matches(in AttributeSet attributes)
    {
        if (!attributes.TryGet(_name, out ReadOnlySpan<byte> actual))
        {
            return false;
        }
        foreach ((byte[] text, bool prefix) in _values)
        {
            if (prefix ? actual.StartsWith(text) : actual.SequenceEqual(text))
            {
                return true;
            }
        }
        return false;
    }
}
