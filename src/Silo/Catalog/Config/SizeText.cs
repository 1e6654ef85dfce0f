namespace Quota.Silo.Catalog.Config;

/// <summary>Sizes in bytes: a whole number, alone or with KiB, MiB, GiB or TiB.</summary>
internal static class SizeText
{
    public const string Examples = "4096, 64MiB, 4GiB";

    private static readonly (string Name, long Bytes)[] Units =
    [
        ("KiB", 1L << 10),
        ("MiB", 1L << 20),
        ("GiB", 1L << 30),
        ("TiB", 1L << 40),
    ];

    /// <summary>Reads a size in bytes. One too large for 64 bits is <see cref="long.MaxValue"/>.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out long bytes)
    {
        long unitBytes = 1;
        foreach ((string name, long size) in Units)
        {
            if (text.EndsWith(name, StringComparison.Ordinal))
            {
                unitBytes = size;
                text = text[..^name.Length].TrimEnd(' ');
                break;
            }
        }
        if (!AmountText.TryParse(text, out long count))
        {
            bytes = 0;
            return false;
        }
        Int128 total = (Int128)count * unitBytes;
        bytes = total > long.MaxValue ? long.MaxValue : (long)total;
        return true;
    }

    /// <summary>The size in its largest whole unit.</summary>
    public static string Format(long bytes)
    {
        for (int i = Units.Length - 1; i >= 0; i--)
        {
            if (bytes > 0 && bytes % Units[i].Bytes == 0)
            {
                return $"{bytes / Units[i].Bytes}{Units[i].Name}";
            }
        }
        return bytes.ToString(System.Globalization.CultureInfo.InvariantCulture);
    }
}
