using Quota.Contracts.V1;
using Quota.Silo.Protocols.Usage;

namespace Quota.Silo.Export;

/// <summary>
/// CSV after RFC 4180, one table: a line with the names of the columns, a <c>header</c> record, per key a <c>usage</c> record for
/// each unit, then its <c>adjustment</c> and <c>day</c> records, and at the end a <c>total</c> record for each unit.
/// docs/BILLING.md describes the columns.
/// </summary>
internal sealed class CsvUsageFormat : IUsageFormat
{
    private const string DailyWord = "daily";

    private static readonly string[] Names =
    [
        "record", "schema_version", "namespace", "month", "key", "parent", "labels", "unit", "day",
        "used", "rolled_up", "refunded", "rolled_up_refunded", "adjusted", "billable", "denied", "would_deny", "reserved",
        "state", "start", "end", "time_zone", "as_of",
        "adjustment_id", "adjustment_reason", "adjustment_author", "adjustment_at", "keys", "unsettled",
    ];

    public void WriteHeader(TextWriter output, ExportHeader header)
    {
        CsvText.WriteRecord(output, Names);
        var row = new CsvRow(header, ExportWords.Header)
        {
            [CsvColumn.SchemaVersion] = CsvText.Number(header.SchemaVersion),
            [CsvColumn.Labels] = header.Labels,
            [CsvColumn.Day] = header.Daily ? DailyWord : "",
            [CsvColumn.AsOf] = UsageText.Time(header.AsOfUnixMs),
        };
        row.Write(output);
    }

    public void WriteKey(TextWriter output, ExportHeader header, KeyUsage usage)
    {
        string labels = LabelText.Of(usage.Labels);
        CsvRow Row(string record, string unit) => new(header, record)
        {
            [CsvColumn.Key] = usage.Key,
            [CsvColumn.Parent] = usage.Parent,
            [CsvColumn.Labels] = labels,
            [CsvColumn.Unit] = unit,
        };
        // A key without any unit has a row all the same: it is one of the keys that are counted at the end.
        foreach (UnitUsage unit in usage.Units.Count > 0 ? usage.Units : [new UnitUsage()])
        {
            CsvRow row = Row(ExportWords.Usage, unit.Unit);
            AddCounts(row, unit);
            row[CsvColumn.RolledUp] = CsvText.Number(unit.RolledUp);
            row[CsvColumn.RolledUpRefunded] = CsvText.Number(unit.RolledUpRefunded);
            row[CsvColumn.Reserved] = CsvText.Number(unit.Reserved);
            row[CsvColumn.Unsettled] = CsvText.Number(unit.Unsettled);
            row[CsvColumn.State] = ExportWords.State(usage.State);
            row[CsvColumn.Start] = UsageText.Time(usage.StartUnixMs);
            row[CsvColumn.End] = UsageText.Time(usage.EndUnixMs);
            row[CsvColumn.TimeZone] = usage.TimeZone;
            row[CsvColumn.AsOf] = UsageText.Time(usage.AsOfUnixMs);
            row.Write(output);
        }
        foreach (Adjustment adjustment in usage.Adjustments)
        {
            CsvRow row = Row(ExportWords.Adjustment, adjustment.Unit);
            row[CsvColumn.Adjusted] = CsvText.Number(adjustment.Amount);
            row[CsvColumn.AdjustmentId] = adjustment.Id;
            row[CsvColumn.AdjustmentReason] = adjustment.Reason;
            row[CsvColumn.AdjustmentAuthor] = adjustment.Author;
            row[CsvColumn.AdjustmentAt] = UsageText.Time(adjustment.AtUnixMs);
            row.Write(output);
        }
        foreach (DayUsage day in usage.Days)
        {
            foreach (DayUnit unit in day.Units)
            {
                CsvRow row = Row(ExportWords.Day, unit.Unit);
                row[CsvColumn.Day] = day.Day;
                row[CsvColumn.Used] = CsvText.Number(unit.Used);
                row[CsvColumn.Refunded] = CsvText.Number(unit.Refunded);
                row.Write(output);
            }
        }
    }

    public void WriteTotals(TextWriter output, ExportHeader header, UsageTrailer trailer)
    {
        foreach (UnitUsage unit in trailer.Totals.Count > 0 ? trailer.Totals : [new UnitUsage()])
        {
            var row = new CsvRow(header, ExportWords.Total)
            {
                [CsvColumn.Unit] = unit.Unit,
                [CsvColumn.State] = trailer.Sealed ? ExportWords.State(MonthState.Sealed) : ExportWords.Open,
                [CsvColumn.Keys] = CsvText.Number(trailer.Keys),
            };
            AddCounts(row, unit);
            row.Write(output);
        }
    }

    public PartialExport ReadPartial(Stream input)
    {
        var partial = new PartialExport();
        var reader = new CsvReader(input);
        var fields = new List<string>();
        KeyUsage? open = null;
        long start = 0;
        int totals = 0;
        for (int line = 0; reader.TryRead(fields); line++)
        {
            if (fields.Count != Names.Length || (line == 0 && !fields.SequenceEqual(Names)))
            {
                partial.Problem = $"record {line + 1} is not one of an export of usage";
                return partial;
            }
            var row = new CsvRow(fields);
            string record = row[CsvColumn.Record];
            if (line == 1)
            {
                partial.Header = ReadHeader(row);
                partial.Problem = partial.Header is null ? "its second record is no header" : null;
                partial.EndOffset = partial.HeaderEnd = reader.Offset;
            }
            else if (record == ExportWords.Total)
            {
                End(partial, open, start);
                open = null;
                partial.IsComplete = ++totals == Math.Max(1, partial.Totals.Units().Count());
            }
            else if (line > 1 && (open is null || open.Key != row[CsvColumn.Key]))
            {
                // The records of a key are whole if those of another follow.
                End(partial, open, start);
                open = new KeyUsage { Key = row[CsvColumn.Key], State = ExportWords.ParseState(row[CsvColumn.State]) };
            }
            if (record == ExportWords.Usage && (open is null || !ReadCounts(row, open)))
            {
                partial.Problem = $"record {line + 1} has a number that is none";
                return partial;
            }
            start = reader.Offset;
        }
        partial.DropEmptyKey();
        return partial;
    }

    private static void End(PartialExport partial, KeyUsage? whole, long offset)
    {
        if (whole is not null)
        {
            partial.Totals.Add(whole);
            partial.LastKey = whole.Key;
            partial.EndOffset = offset;
        }
    }

    private static ExportHeader? ReadHeader(CsvRow row) =>
        row[CsvColumn.Record] == ExportWords.Header && row.TryNumber(CsvColumn.SchemaVersion, out long version) && row.TryTime(CsvColumn.AsOf, out long asOfMs)
            ? new ExportHeader((int)Math.Clamp(version, 0, int.MaxValue), row[CsvColumn.Namespace], row[CsvColumn.Month], asOfMs, row[CsvColumn.Labels], row[CsvColumn.Day] == DailyWord)
            : null;

    private static bool ReadCounts(CsvRow row, KeyUsage open)
    {
        var unit = new UnitUsage { Unit = row[CsvColumn.Unit] };
        bool read = row.TryNumber(CsvColumn.Used, out long used) & row.TryNumber(CsvColumn.RolledUp, out long rolledUp)
            & row.TryNumber(CsvColumn.Refunded, out long refunded) & row.TryNumber(CsvColumn.RolledUpRefunded, out long rolledUpRefunded)
            & row.TryNumber(CsvColumn.Adjusted, out long adjusted) & row.TryNumber(CsvColumn.Denied, out long denied)
            & row.TryNumber(CsvColumn.WouldDeny, out long wouldDeny);
        (unit.Used, unit.RolledUp, unit.Refunded, unit.RolledUpRefunded, unit.Adjusted, unit.Denied, unit.WouldDeny) =
            (used, rolledUp, refunded, rolledUpRefunded, adjusted, denied, wouldDeny);
        if (unit.Unit.Length > 0)
        {
            open.Units.Add(unit);
        }
        return read;
    }

    private static void AddCounts(CsvRow row, UnitUsage unit)
    {
        row[CsvColumn.Used] = CsvText.Number(unit.Used);
        row[CsvColumn.Refunded] = CsvText.Number(unit.Refunded);
        row[CsvColumn.Adjusted] = CsvText.Number(unit.Adjusted);
        row[CsvColumn.Billable] = CsvText.Number(unit.Billable);
        row[CsvColumn.Denied] = CsvText.Number(unit.Denied);
        row[CsvColumn.WouldDeny] = CsvText.Number(unit.WouldDeny);
    }
}
