using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Quota.Contracts.V1;
using Quota.Silo.Protocols.Usage;

namespace Quota.Silo.Export;

/// <summary>
/// JSON Lines: a <c>header</c> object, a <c>usage</c> object for each key, and a <c>total</c> object at the end. Counts are JSON
/// numbers of up to 64 bits, times are ISO 8601. docs/BILLING.md describes the members.
/// </summary>
internal sealed class JsonLinesUsageFormat : IUsageFormat
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public void WriteHeader(TextWriter output, ExportHeader header) => WriteLine(output, json =>
    {
        json.WriteString("record", ExportWords.Header);
        json.WriteNumber("schema_version", header.SchemaVersion);
        json.WriteString("namespace", header.Namespace);
        json.WriteString("month", header.Month);
        json.WriteString("as_of", UsageText.Time(header.AsOfUnixMs));
        json.WriteString("labels", header.Labels);
        json.WriteBoolean("daily", header.Daily);
    });

    public void WriteKey(TextWriter output, ExportHeader header, KeyUsage usage) => WriteLine(output, json =>
    {
        json.WriteString("record", ExportWords.Usage);
        json.WriteString("namespace", header.Namespace);
        json.WriteString("month", header.Month);
        json.WriteString("key", usage.Key);
        json.WriteString("parent", usage.Parent);
        json.WriteStartObject("labels");
        foreach ((string name, string value) in usage.Labels.OrderBy(l => l.Key, StringComparer.Ordinal))
        {
            json.WriteString(name, value);
        }
        json.WriteEndObject();
        json.WriteString("state", ExportWords.State(usage.State));
        json.WriteString("start", UsageText.Time(usage.StartUnixMs));
        json.WriteString("end", UsageText.Time(usage.EndUnixMs));
        json.WriteString("time_zone", usage.TimeZone);
        json.WriteString("as_of", UsageText.Time(usage.AsOfUnixMs));
        WriteUnits(json, usage.Units, isTotal: false);
        WriteLimits(json, usage);
        WriteAdjustments(json, usage);
        if (header.Daily)
        {
            WriteDays(json, usage);
        }
    });

    public void WriteTotals(TextWriter output, ExportHeader header, UsageTrailer trailer) => WriteLine(output, json =>
    {
        json.WriteString("record", ExportWords.Total);
        json.WriteString("namespace", header.Namespace);
        json.WriteString("month", header.Month);
        json.WriteNumber("keys", trailer.Keys);
        json.WriteString("state", trailer.Sealed ? ExportWords.State(MonthState.Sealed) : ExportWords.Open);
        WriteUnits(json, trailer.Totals, isTotal: true);
    });

    public PartialExport ReadPartial(Stream input)
    {
        var partial = new PartialExport();
        var lines = new LineReader(input);
        var line = new List<byte>();
        for (int number = 1; lines.TryRead(line); number++)
        {
            try
            {
                using JsonDocument document = JsonDocument.Parse(line.ToArray());
                ReadLine(partial, number, document.RootElement);
            }
            catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
            {
                partial.Problem = $"line {number} is not one of an export of usage";
            }
            if (partial.Problem is not null)
            {
                return partial;
            }
            partial.EndOffset = lines.Offset;
            partial.HeaderEnd = number == 1 ? lines.Offset : partial.HeaderEnd;
        }
        partial.DropEmptyKey();
        return partial;
    }

    private static void ReadLine(PartialExport partial, int number, JsonElement line)
    {
        string record = line.GetProperty("record").GetString()!;
        if (number == 1)
        {
            partial.Problem = record == ExportWords.Header ? null : "its first line is no header";
            partial.Header = new ExportHeader(
                line.GetProperty("schema_version").GetInt32(),
                line.GetProperty("namespace").GetString()!,
                line.GetProperty("month").GetString()!,
                line.GetProperty("as_of").GetDateTimeOffset().ToUnixTimeMilliseconds(),
                line.GetProperty("labels").GetString()!,
                line.GetProperty("daily").GetBoolean());
            return;
        }
        if (record == ExportWords.Total)
        {
            partial.IsComplete = true;
            return;
        }
        var usage = new KeyUsage { Key = line.GetProperty("key").GetString()!, State = ExportWords.ParseState(line.GetProperty("state").GetString()!) };
        foreach (JsonElement unit in line.GetProperty("units").EnumerateArray())
        {
            usage.Units.Add(new UnitUsage
            {
                Unit = unit.GetProperty("unit").GetString()!,
                Used = unit.GetProperty("used").GetInt64(),
                RolledUp = unit.GetProperty("rolled_up").GetInt64(),
                Refunded = unit.GetProperty("refunded").GetInt64(),
                RolledUpRefunded = unit.GetProperty("rolled_up_refunded").GetInt64(),
                Adjusted = unit.GetProperty("adjusted").GetInt64(),
                Denied = unit.GetProperty("denied").GetInt64(),
                WouldDeny = unit.GetProperty("would_deny").GetInt64(),
            });
        }
        partial.Totals.Add(usage);
        partial.LastKey = usage.Key;
    }

    private static void WriteUnits(Utf8JsonWriter json, IEnumerable<UnitUsage> units, bool isTotal)
    {
        json.WriteStartArray("units");
        foreach (UnitUsage unit in units)
        {
            json.WriteStartObject();
            json.WriteString("unit", unit.Unit);
            json.WriteNumber("used", unit.Used);
            if (!isTotal)
            {
                json.WriteNumber("rolled_up", unit.RolledUp);
            }
            json.WriteNumber("refunded", unit.Refunded);
            if (!isTotal)
            {
                json.WriteNumber("rolled_up_refunded", unit.RolledUpRefunded);
            }
            json.WriteNumber("adjusted", unit.Adjusted);
            json.WriteNumber("billable", unit.Billable);
            json.WriteNumber("denied", unit.Denied);
            json.WriteNumber("would_deny", unit.WouldDeny);
            if (!isTotal)
            {
                json.WriteNumber("reserved", unit.Reserved);
                if (unit.Unsettled != 0)
                {
                    json.WriteNumber("unsettled", unit.Unsettled);
                }
            }
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteLimits(Utf8JsonWriter json, KeyUsage usage)
    {
        json.WriteStartArray("limits");
        foreach (LimitUsage limit in usage.Limits)
        {
            json.WriteStartObject();
            json.WriteString("limit", limit.Limit);
            json.WriteString("unit", limit.Unit);
            json.WriteNumber("used", limit.Used);
            json.WriteNumber("refunded", limit.Refunded);
            json.WriteNumber("denied", limit.Denied);
            json.WriteNumber("would_deny", limit.WouldDeny);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteAdjustments(Utf8JsonWriter json, KeyUsage usage)
    {
        json.WriteStartArray("adjustments");
        foreach (Adjustment adjustment in usage.Adjustments)
        {
            json.WriteStartObject();
            json.WriteString("id", adjustment.Id);
            json.WriteString("unit", adjustment.Unit);
            json.WriteNumber("amount", adjustment.Amount);
            json.WriteString("reason", adjustment.Reason);
            json.WriteString("author", adjustment.Author);
            json.WriteString("at", UsageText.Time(adjustment.AtUnixMs));
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteDays(Utf8JsonWriter json, KeyUsage usage)
    {
        json.WriteStartArray("days");
        foreach (DayUsage day in usage.Days)
        {
            json.WriteStartObject();
            json.WriteString("day", day.Day);
            json.WriteStartArray("units");
            foreach (DayUnit unit in day.Units)
            {
                json.WriteStartObject();
                json.WriteString("unit", unit.Unit);
                json.WriteNumber("used", unit.Used);
                json.WriteNumber("refunded", unit.Refunded);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteLine(TextWriter output, Action<Utf8JsonWriter> members)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }
        output.Write(Encoding.UTF8.GetString(buffer.GetBuffer().AsSpan(0, (int)buffer.Length)));
        output.Write('\n');
    }
}
