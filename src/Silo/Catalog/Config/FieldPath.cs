using System.Text;

namespace Quota.Silo.Catalog.Config;

/// <summary>Where a field stands, from the root; made into text only when an error needs it.</summary>
internal sealed class FieldPath
{
    private const int PlainLengthMax = 64;
    public static readonly FieldPath Root = new(null, "", -1);
    private readonly FieldPath? _parent;
    private readonly string _name;
    private readonly int _index;

    private FieldPath(FieldPath? parent, string name, int index)
    {
        _parent = parent;
        _name = name;
        _index = index;
    }

    public FieldPath Field(string name) => new(this, name, -1);

    /// <summary>A path below this one that is text already.</summary>
    public FieldPath Text(string path) => new(this, path, -2);

    public FieldPath Item(int index) => new(this, "", index);

    public override string ToString()
    {
        var text = new StringBuilder();
        Write(text);
        return text.ToString();
    }

    private void Write(StringBuilder text)
    {
        if (_parent is null)
        {
            return;
        }
        _parent.Write(text);
        if (_index >= 0)
        {
            text.Append('[').Append(_index).Append(']');
        }
        else if (_index == -2)
        {
            text.Append('.').Append(_name);
        }
        else if (_name.Length is > 0 and <= PlainLengthMax && _name.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-'))
        {
            text.Append(text.Length > 0 ? "." : "").Append(_name);
        }
        else
        {
            text.Append('[').Append(Quoted.Text(_name)).Append(']');
        }
    }
}
