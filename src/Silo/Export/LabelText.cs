using System.Text;

namespace Quota.Silo.Export;

/// <summary>Labels in one cell: <c>name=value;name=value</c>, ascending by name; <c>;</c>, <c>=</c> and <c>\</c> are preceded by <c>\</c>.</summary>
internal static class LabelText
{
    public static string Of(IEnumerable<KeyValuePair<string, string>> labels)
    {
        var text = new StringBuilder();
        foreach ((string name, string value) in labels.OrderBy(l => l.Key, StringComparer.Ordinal))
        {
            text.Append(text.Length > 0 ? ";" : "");
            Append(text, name);
            text.Append('=');
            Append(text, value);
        }
        return text.ToString();
    }

    private static void Append(StringBuilder text, string part)
    {
        foreach (char c in part)
        {
            if (c is ';' or '=' or '\\')
            {
                text.Append('\\');
            }
            text.Append(c);
        }
    }
}
