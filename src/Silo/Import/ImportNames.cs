using System.Security.Cryptography;
using System.Text;
using Quota.Contracts;
using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Import;

/// <summary>Names of plans or limits made from texts of another product: within the bounds, printable and distinct.</summary>
internal sealed class ImportNames
{
    private const int HashDigits = 8;
    private readonly HashSet<string> _used = new(StringComparer.Ordinal);

    /// <summary>
    /// The text itself where it will do as a name and is free; otherwise cut, cleaned and told apart by a hash of the text, so that
    /// the same file gives the same names again.
    /// </summary>
    public string Unique(string text)
    {
        if (NameRules.Problem(text, 1, Bounds.NameBytesMax) is null && _used.Add(text))
        {
            return text;
        }
        for (int attempt = 0; ; attempt++)
        {
            byte[] hash = SHA256.HashData(Encoding.UTF8.GetBytes($"{attempt}:{text}"));
            string name = $"{Cut(text)}~{Convert.ToHexStringLower(hash)[..HashDigits]}";
            if (_used.Add(name))
            {
                return name;
            }
        }
    }

    private static string Cut(string text)
    {
        var cut = new StringBuilder();
        int bytes = 0;
        foreach (Rune rune in text.EnumerateRunes())
        {
            Rune kept = NameRules.Problem($"x{rune}x", 1, Bounds.NameBytesMax) is null ? rune : new Rune('_');
            bytes += kept.Utf8SequenceLength;
            if (bytes > Bounds.NameBytesMax - HashDigits - 1)
            {
                break;
            }
            cut.Append(kept.ToString());
        }
        return cut.ToString().TrimStart();
    }
}
