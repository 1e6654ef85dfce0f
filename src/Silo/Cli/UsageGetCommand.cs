using System.CommandLine;
using System.Globalization;
using Quota.Contracts.V1;
using Quota.Silo.Export;
using Quota.Silo.Protocols.Usage;
using Spectre.Console;

namespace Quota.Silo.Cli;

/// <summary><c>quota usage get</c>: one key's usage.</summary>
internal sealed class UsageGetCommand
{
    private readonly CliConsole _console;
    private readonly Option<string> _namespace = UsageOptions.Namespace();
    private readonly Option<string> _key = new("--key") { Description = "The key.", Required = true };
    private readonly Option<string?> _month = UsageOptions.Month();
    private readonly Option<string?> _from = new("--from") { Description = "Instead of a month: the first day.", HelpName = "yyyy-mm-dd" };
    private readonly Option<string?> _to = new("--to") { Description = "The day after the last.", HelpName = "yyyy-mm-dd" };
    private readonly Option<bool> _daily = UsageOptions.Daily();
    private readonly Option<bool> _json = new("--json") { Description = "Print the silo's JSON instead of tables." };
    private readonly Option<string> _server = ServerOption.Create();

    private UsageGetCommand(CliConsole console) => _console = console;

    public static Command Create(CliConsole console)
    {
        var get = new UsageGetCommand(console);
        var command = new Command("get", "Shows what one key used in a month, or in a range of days.")
        {
            get._namespace, get._key, get._month, get._from, get._to, get._daily, get._json, get._server,
        };
        command.SetAction(get.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        UsageQuery query = new UsageQuery()
            .Add("month", parsed.GetValue(_month) ?? "")
            .Add("from_day", parsed.GetValue(_from) ?? "")
            .Add("to_day", parsed.GetValue(_to) ?? "")
            .Add("daily", parsed.GetValue(_daily) ? "true" : "");
        using var client = new UsageHttpClient(parsed.GetValue(_server)!);
        (string? json, string? problem) = await client.GetAsync(parsed.GetValue(_namespace)!, parsed.GetValue(_key)!, query, cancellation);
        if (json is null)
        {
            _console.Error.WriteLine($"quota: {problem}");
            return ExitCode.Invalid;
        }
        if (parsed.GetValue(_json))
        {
            _console.Output.Write(json);
        }
        else
        {
            Write(UsageHttpClient.Parse(json));
        }
        return ExitCode.Success;
    }

    private void Write(KeyUsage usage)
    {
        IAnsiConsole screen = ReplayCommand.Tables(_console);
        string when = usage.Month.Length > 0 ? $"{usage.Month} " : "";
        _console.Output.WriteLine($"{usage.Key}: {when}({UsageText.Time(usage.StartUnixMs)} to {UsageText.Time(usage.EndUnixMs)}, {usage.TimeZone}), {ExportWords.State(usage.State)}, as of {UsageText.Time(usage.AsOfUnixMs)}");
        Table units = NewTable("unit", "used", "rolled up", "refunded", "adjusted", "billable", "denied", "would deny", "reserved", "unsettled");
        foreach (UnitUsage u in usage.Units)
        {
            units.AddRow([Markup.Escape(u.Unit), .. Numbers(u.Used, u.RolledUp, u.Refunded, u.Adjusted, u.Billable, u.Denied, u.WouldDeny, u.Reserved, u.Unsettled)]);
        }
        screen.Write(units);
        if (usage.Limits.Count > 0)
        {
            Table limits = NewTable("limit", "unit", "used", "refunded", "denied", "would deny");
            foreach (LimitUsage l in usage.Limits)
            {
                limits.AddRow([Markup.Escape(l.Limit), Markup.Escape(l.Unit), .. Numbers(l.Used, l.Refunded, l.Denied, l.WouldDeny)]);
            }
            screen.Write(limits);
        }
        foreach (Adjustment a in usage.Adjustments)
        {
            _console.Output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"adjustment {a.Id}: {a.Amount:+#;-#;0} {a.Unit}, {a.Reason} ({a.Author}, {UsageText.Time(a.AtUnixMs)})"));
        }
        if (usage.Days.Count > 0)
        {
            Table days = NewTable("day", "unit", "used", "refunded");
            foreach (DayUsage day in usage.Days)
            {
                foreach (DayUnit unit in day.Units)
                {
                    days.AddRow([day.Day, Markup.Escape(unit.Unit), .. Numbers(unit.Used, unit.Refunded)]);
                }
            }
            screen.Write(days);
        }
    }

    private static Table NewTable(params string[] columns)
    {
        Table table = new Table().Border(TableBorder.Simple);
        foreach (string column in columns)
        {
            table.AddColumn(new TableColumn(column) { Alignment = column is "unit" or "limit" or "day" ? Justify.Left : Justify.Right });
        }
        return table;
    }

    private static IEnumerable<string> Numbers(params IEnumerable<long> values) => values.Select(v => v.ToString("N0", CultureInfo.InvariantCulture));
}
