using System.Buffers;
using System.Globalization;

namespace Quota.Silo.Export;

/// <summary>Writes records of RFC 4180: fields with commas, quotes or line breaks are quoted, quotes doubled, lines end in CR LF.</summary>
internal static class CsvText
{
    public const string EndOfLine = "\r\n";

    private static readonly SearchValues<char> Special = SearchValues.Create(",\"\r\n");

    /// <summary>Writes one record.</summary>
    public static void WriteRecord(TextWriter output, ReadOnlySpan<string> fields)
    {
        for (int i = 0; i < fields.Length; i++)
        {
            if (i > 0)
            {
                output.Write(',');
            }
            WriteField(output, fields[i] ?? "");
        }
        output.Write(EndOfLine);
    }

    public static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);

    private static void WriteField(TextWriter output, string field)
    {
        if (!field.AsSpan().ContainsAny(Special))
        {
            output.Write(field);
            return;
        }
        output.Write('"');
        output.Write(field.Replace("\"", "\"\"", StringComparison.Ordinal));
        output.Write('"');
    }
}
