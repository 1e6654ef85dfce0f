using System.Globalization;
using System.Text;

namespace Quota.Silo.Catalog.Config;

/// <summary>Shows a user's text within a message: in quotes, on one line, not longer than a screen is wide.</summary>
internal static class Quoted
{
    private const int LengthMax = 60;

    public static string Text(string value)
    {
        var text = new StringBuilder("\"");
        foreach (char c in value.Length > LengthMax ? value.AsSpan(0, LengthMax) : value)
        {
            if (c is '"' or '\\')
            {
                text.Append('\\').Append(c);
            }
            else if (char.IsControl(c) || char.IsSurrogate(c) || CharUnicodeInfo.GetUnicodeCategory(c) == UnicodeCategory.Format)
            {
                text.Append(CultureInfo.InvariantCulture, $"\\u{(int)c:x4}");
            }
            else
            {
                text.Append(c);
            }
        }
        return text.Append(value.Length > LengthMax ? "…\"" : "\"").ToString();
    }
}
