using System.Globalization;

namespace Quota.Silo.Journal;

/// <summary>The names of the journal's files.</summary>
internal static class SegmentName
{
    /// <summary>A whole file whose content nobody needs, kept so that the next segment need not be zeroed.</summary>
    public const string Spare = "spare.qj";

    /// <summary>A segment that is being zeroed. Left over after a crash it is worth nothing.</summary>
    public const string Unfinished = "unfinished.tmp";

    private const string Prefix = "journal-";
    private const string Suffix = ".qj";
    private const int Digits = 16;

    public static string Of(long number) => Prefix + number.ToString("x16", CultureInfo.InvariantCulture) + Suffix;

    public static bool TryParse(string name, out long number)
    {
        number = 0;
        return name.Length == Prefix.Length + Digits + Suffix.Length
            && name.StartsWith(Prefix, StringComparison.Ordinal) && name.EndsWith(Suffix, StringComparison.Ordinal)
            && long.TryParse(name.AsSpan(Prefix.Length, Digits), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out number)
            && number is > 0 and <= int.MaxValue
            && name == Of(number);
    }
}
