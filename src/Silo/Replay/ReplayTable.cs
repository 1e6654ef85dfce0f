using System.Globalization;
using Spectre.Console;

namespace Quota.Silo.Replay;

/// <summary>Shows a report to people.</summary>
internal static class ReplayTable
{
    private static readonly CultureInfo Culture = CultureInfo.InvariantCulture;

    public static void Write(ReplayReport report, IAnsiConsole console)
    {
        Summary(report, console);
        Limits(report, console);
        if (report.TopDenied.Count > 0)
        {
            Keys(report, console);
        }
        if (report.Denials.Count > 0)
        {
            Denials(report, console);
        }
        Peaks(report, console);
        foreach (MalformedLine line in report.Lines.FirstMalformed)
        {
            console.WriteLine($"{line.File}:{line.Line}: {line.Problem}");
        }
    }

    private static void Summary(ReplayReport report, IAnsiConsole console)
    {
        Table table = New($"Plan {report.Plan}, one key per {report.KeySource}").HideHeaders();
        table.AddColumns("", "");
        table.Columns[1].RightAligned();
        Row(table, "requests", Number(report.Requests));
        Row(table, "allowed", Number(report.Allowed));
        Row(table, "denied", $"{Number(report.Denied)} ({report.DeniedShare.ToString("P2", Culture)})");
        Row(table, "keys", Number(report.Keys));
        Row(table, "keys ever denied", Number(report.KeysDenied));
        Row(table, "first request", report.From is { } from ? Time(from) : "-");
        Row(table, "last request", report.To is { } to ? Time(to) : "-");
        Row(table, "lines out of order", Number(report.Lines.OutOfOrder));
        Row(table, "lines malformed", Number(report.Lines.Malformed));
        Row(table, "lines without key", Number(report.Lines.WithoutKey));
        Row(table, "values cut to 256 bytes", Number(report.Lines.CutValues));
        console.Write(table);
    }

    private static void Limits(ReplayReport report, IAnsiConsole console)
    {
        Table table = New("Limits (shadow: what it would have denied)");
        Columns(table, 2, "limit", "mode", "requests", "exceeded", "decided", "keys exceeded");
        foreach (ReplayLimitReport limit in report.Limits)
        {
            Row(table, limit.Name, limit.Mode, Number(limit.Checked), Number(limit.Exceeded), Number(limit.Decided), Number(limit.Keys));
        }
        console.Write(table);
    }

    private static void Keys(ReplayReport report, IAnsiConsole console)
    {
        Table table = New("Most denied keys");
        Columns(table, 1, "key", "requests", "denied", "first denied", "busiest minute");
        foreach (ReplayKeyReport key in report.TopDenied)
        {
            Row(table, key.Key, Number(key.Requests), Number(key.Denied), Time(key.FirstDenied), Number(key.BusiestMinute));
        }
        console.Write(table);
    }

    private static void Denials(ReplayReport report, IAnsiConsole console)
    {
        Table table = New("First denials");
        Columns(table, 5, "when", "line", "key", "limit", "request", "retry after");
        foreach (ReplayDenial denial in report.Denials)
        {
            string retry = denial.RetryAfterMs < 0 ? "never" : $"{(denial.RetryAfterMs / 1000.0).ToString("N1", Culture)} s";
            Row(table, Time(denial.At), $"{denial.File}:{denial.Line}", denial.Key, denial.Limit, $"{denial.Method} {denial.Path}", retry);
        }
        console.Write(table);
    }

    private static void Peaks(ReplayReport report, IAnsiConsole console)
    {
        Table table = New("Busiest interval of each key");
        Columns(table, 1, "interval", "p50", "p90", "p99", "max");
        foreach (ReplayPeaks peaks in report.Peaks)
        {
            Row(table, peaks.Interval, Number(peaks.P50), Number(peaks.P90), Number(peaks.P99), Number(peaks.Max));
        }
        console.Write(table);
    }

    private static Table New(string title) => new Table().Border(TableBorder.Rounded).Title(Markup.Escape(title)).LeftAligned();

    private static void Columns(Table table, int leftAligned, params string[] names)
    {
        for (int i = 0; i < names.Length; i++)
        {
            var column = new TableColumn(Markup.Escape(names[i]));
            table.AddColumn(i < leftAligned ? column : column.RightAligned());
        }
    }

    private static void Row(Table table, params string[] cells) => table.AddRow([.. cells.Select(c => new Text(Printable(c)))]);

    /// <summary>A log may hold anything; nothing of it reaches the terminal as a control sequence.</summary>
    private static string Printable(string text) => string.Concat(text.Select(c => char.IsControl(c) ? '?' : c));

    private static string Number(long value) => value.ToString("N0", Culture);

    private static string Time(DateTime time) => time.ToString("yyyy-MM-dd HH:mm:ss'Z'", Culture);
}
