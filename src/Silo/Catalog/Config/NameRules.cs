using System.Globalization;
using System.Text;

namespace Quota.Silo.Catalog.Config;

/// <summary>What names and values may be made of. Whatever passes has one UTF-8 form and one look on a terminal.</summary>
internal static class NameRules
{
    /// <summary>Namespaces that the service uses for itself.</summary>
    public const string ReservedPrefix = "quota.";

    /// <summary>What is wrong with <paramref name="text"/>, or null.</summary>
    public static string? Problem(string text, int bytesMin, int bytesMax)
    {
        int bytes = Encoding.UTF8.GetByteCount(text);
        if (bytes < bytesMin || bytes > bytesMax)
        {
            return $"{Quoted.Text(text)} has {bytes} bytes: must have {bytesMin} to {bytesMax}";
        }
        foreach (Rune rune in text.EnumerateRunes())
        {
            // A lone surrogate enumerates as the replacement character, which nobody types.
            if (rune == Rune.ReplacementChar || Rune.IsControl(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator)
            {
                return $"{Quoted.Text(text)} contains a character that cannot be printed";
            }
        }
        return text != text.Trim() ? $"{Quoted.Text(text)} begins or ends with a blank" : null;
    }
}
