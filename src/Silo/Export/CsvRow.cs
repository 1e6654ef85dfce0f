using System.Globalization;

namespace Quota.Silo.Export;

/// <summary>One record of a CSV export, by column; columns that are not set are empty.</summary>
internal sealed class CsvRow
{
    private static readonly int Columns = Enum.GetValues<CsvColumn>().Length;

    private readonly string[] _fields;

    public CsvRow(ExportHeader header, string record)
    {
        _fields = new string[Columns];
        Array.Fill(_fields, "");
        this[CsvColumn.Record] = record;
        this[CsvColumn.Namespace] = header.Namespace;
        this[CsvColumn.Month] = header.Month;
    }

    public CsvRow(List<string> fields) => _fields = [.. fields];

    public string this[CsvColumn column]
    {
        get => _fields[(int)column];
        set => _fields[(int)column] = value;
    }

    public void Write(TextWriter output) => CsvText.WriteRecord(output, _fields);

    public bool TryNumber(CsvColumn column, out long value) => long.TryParse(this[column], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value);

    public bool TryTime(CsvColumn column, out long unixMs)
    {
        bool read = DateTimeOffset.TryParse(this[column], CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset time);
        unixMs = read ? time.ToUnixTimeMilliseconds() : 0;
        return read;
    }
}
