namespace Quota.Silo.Catalog.Config;

/// <summary>Durations as people write them: <c>500ms</c>, <c>10s</c>, <c>5m</c>, <c>1h</c>, <c>1d</c>, and <c>1h30m</c>, largest unit first.</summary>
internal static class DurationText
{
    public const string Examples = "500ms, 10s, 5m, 1h, 1d";

    private const long MsNs = 1_000_000;
    private const long DigitsMax = 15;

    // Largest first; "ms" ends in the name of a smaller-looking unit and is matched whole.
    private static readonly (string Name, long Ns)[] Units =
    [
        ("d", 24 * 3600 * 1000 * MsNs),
        ("h", 3600 * 1000 * MsNs),
        ("m", 60 * 1000 * MsNs),
        ("s", 1000 * MsNs),
        ("ms", MsNs),
    ];

    /// <summary>Reads a duration in nanoseconds. One too long for 64 bits is <see cref="long.MaxValue"/>.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out long ns)
    {
        ns = 0;
        int unitsUsed = 0;
        if (text.IsEmpty)
        {
            return false;
        }
        while (!text.IsEmpty)
        {
            int digits = text.IndexOfAnyExceptInRange('0', '9');
            if (digits <= 0 || digits > DigitsMax)
            {
                return false;
            }
            long count = long.Parse(text[..digits], System.Globalization.CultureInfo.InvariantCulture);
            text = text[digits..];
            int next = text.IndexOfAnyInRange('0', '9');
            ReadOnlySpan<char> name = next < 0 ? text : text[..next];
            int unit = unitsUsed;
            while (unit < Units.Length && !name.SequenceEqual(Units[unit].Name))
            {
                unit++;
            }
            if (unit == Units.Length)
            {
                return false;
            }
            Int128 total = ns + ((Int128)count * Units[unit].Ns);
            ns = total > long.MaxValue ? long.MaxValue : (long)total;
            unitsUsed = unit + 1;
            text = text[name.Length..];
        }
        return true;
    }

    /// <summary>The shortest text that <see cref="TryParse"/> reads as <paramref name="ns"/>, for a multiple of a millisecond.</summary>
    public static string Format(long ns)
    {
        var text = new System.Text.StringBuilder();
        foreach ((string name, long unitNs) in Units)
        {
            long count = ns / unitNs;
            ns -= count * unitNs;
            if (count > 0)
            {
                text.Append(count).Append(name);
            }
        }
        return text.Length > 0 ? text.ToString() : "0s";
    }
}
