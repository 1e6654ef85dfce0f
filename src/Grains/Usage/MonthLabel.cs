using System.Globalization;

namespace Quota.Grains.Usage;

/// <summary>
/// Names a billing month by the year and month of the local date at which it begins: the month that begins on 15 October 2026 is
/// 2026-10. As text <c>yyyy-MM</c>; as a number, and in ids, yyyyMM.
/// </summary>
public readonly record struct MonthLabel : IComparable<MonthLabel>
{
    /// <summary>The first year with labels.</summary>
    public const int YearMin = 1969;

    /// <summary>The last year with labels; no clock gets there (<see cref="Instant.WallMsMax"/>).</summary>
    public const int YearMax = 9998;

    /// <param name="year">1969 to 9998.</param>
    /// <param name="month">1 to 12.</param>
    public MonthLabel(int year, int month)
    {
        Invariant.Check(year is >= YearMin and <= YearMax && month is >= 1 and <= 12);
        Value = (uint)((year * 100) + month);
    }

    /// <summary>yyyyMM; 0 for the default, which names no month.</summary>
    public uint Value { get; }

    public int Year => (int)(Value / 100);

    public int Month => (int)(Value % 100);

    /// <summary>The month after this one; the last one there is has none and answers itself.</summary>
    public MonthLabel Next => Month < 12 ? new(Year, Month + 1) : Year < YearMax ? new(Year + 1, 1) : this;

    /// <summary>The month before this one; the first one there is has none and answers itself.</summary>
    public MonthLabel Previous => Month > 1 ? new(Year, Month - 1) : Year > YearMin ? new(Year - 1, 12) : this;

    /// <summary>Reads <c>2026-10</c>.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out MonthLabel label)
    {
        label = default;
        return text.Length == 7 && text[4] == '-'
            && int.TryParse(text[..4], NumberStyles.None, CultureInfo.InvariantCulture, out int year)
            && int.TryParse(text[5..], NumberStyles.None, CultureInfo.InvariantCulture, out int month)
            && TryCreate(year, month, out label);
    }

    /// <summary>Reads yyyyMM.</summary>
    public static bool TryFrom(uint value, out MonthLabel label) => TryCreate((int)Math.Min(value / 100, YearMax + 1), (int)(value % 100), out label);

    public int CompareTo(MonthLabel other) => Value.CompareTo(other.Value);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Year:D4}-{Month:D2}");

    private static bool TryCreate(int year, int month, out MonthLabel label)
    {
        bool exists = year is >= YearMin and <= YearMax && month is >= 1 and <= 12;
        label = exists ? new MonthLabel(year, month) : default;
        return exists;
    }
}
