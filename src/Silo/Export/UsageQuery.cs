using System.Text;

namespace Quota.Silo.Export;

/// <summary>A query string; empty values are left out. Not thread-safe.</summary>
internal sealed class UsageQuery
{
    private readonly StringBuilder _text = new();

    public UsageQuery Add(string name, string value)
    {
        if (value.Length > 0)
        {
            _text.Append(_text.Length == 0 ? '?' : '&').Append(name).Append('=').Append(Uri.EscapeDataString(value));
        }
        return this;
    }

    public UsageQuery Add(IEnumerable<KeyValuePair<string, string>> labels)
    {
        foreach ((string name, string value) in labels)
        {
            Add("label", $"{name}:{value}");
        }
        return this;
    }

    public override string ToString() => _text.ToString();
}
