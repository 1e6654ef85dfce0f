namespace Quota.Silo.Catalog.Config;

/// <summary>Whole numbers: <c>10000</c> or <c>10_000</c>. No sign, fraction, exponent or suffix, and no leading zero that YAML 1.1 takes for octal.</summary>
internal static class AmountText
{
    public const string Examples = "10000, 10_000";

    /// <summary>Reads the number. One too large for 64 bits is <see cref="long.MaxValue"/>.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out long value)
    {
        value = 0;
        if (text.IsEmpty || text[^1] == '_' || (text.Length > 1 && text[0] == '0'))
        {
            return false;
        }
        bool afterDigit = false;
        foreach (char c in text)
        {
            if (c == '_' && afterDigit)
            {
                afterDigit = false;
                continue;
            }
            if (!char.IsAsciiDigit(c))
            {
                return false;
            }
            afterDigit = true;
            int digit = c - '0';
            value = value > (long.MaxValue - digit) / 10 ? long.MaxValue : (value * 10) + digit;
        }
        return true;
    }
}
