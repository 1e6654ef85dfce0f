using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Spectre.Console;

namespace Quota.Bench;

/// <summary>The one table, and the same as JSON. The JSON's field names are stable: charts over many runs read them.</summary>
internal static class Report
{
    private static readonly JsonSerializerOptions Json = new()
    {
        WriteIndented = true,
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public static void Print(BenchContext context)
    {
        if (Console.IsOutputRedirected)
        {
            AnsiConsole.Profile.Width = 200;
            AnsiConsole.Profile.Capabilities.Ansi = false;
        }
        var table = new Table { Border = TableBorder.Simple };
        table.AddColumns("part", "case", "figures", "against the budget");
        string part = "";
        foreach (IGrouping<(string Part, string Case), Measurement> row in context.Measurements.GroupBy(m => (m.Part, m.Case)))
        {
            if (part.Length > 0 && part != row.Key.Part)
            {
                table.AddEmptyRow();
            }
            string figures = string.Join("   ", row.Where(m => m.Met is null).Select(m => $"{m.Metric} {Format(m.Value)} {m.Unit}"));
            string budgets = string.Join('\n', row.Where(m => m.Met is not null).Select(m => $"{m.Metric} {Format(m.Value)} {m.Unit}, {m.Budget}: {(m.Met == true ? "met" : "MISSED")}"));
            table.AddRow(new Text(part == row.Key.Part ? "" : row.Key.Part), new Text(row.Key.Case), new Text(figures), new Text(budgets));
            part = row.Key.Part;
        }
        AnsiConsole.Write(table);
        foreach (string note in context.Notes)
        {
            Console.WriteLine("* " + note);
        }
        int met = context.Measurements.Count(m => m.Met == true);
        int missed = context.Measurements.Count(m => m.Met == false);
        Console.WriteLine($"budgets: {met} met, {missed} missed");
    }

    public static void Write(BenchContext context, string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var document = new
        {
            Format = 1,
            TakenAt = DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture),
            context.Quick,
            Machine = new { Processors = Environment.ProcessorCount, Runtime = Environment.Version.ToString(), Os = Environment.OSVersion.VersionString },
            context.Notes,
            context.Measurements,
        };
        File.WriteAllText(path, JsonSerializer.Serialize(document, Json));
    }

    private static string Format(double value) => Math.Abs(value) switch
    {
        0 => "0",
        >= 1000 => value.ToString("#,##0", CultureInfo.InvariantCulture),
        >= 100 => value.ToString("0", CultureInfo.InvariantCulture),
        >= 10 => value.ToString("0.0", CultureInfo.InvariantCulture),
        _ => value.ToString("0.00", CultureInfo.InvariantCulture),
    };
}
