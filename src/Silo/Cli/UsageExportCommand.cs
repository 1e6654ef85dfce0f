using System.CommandLine;
using System.Globalization;
using Quota.Silo.Export;

namespace Quota.Silo.Cli;

/// <summary><c>quota usage export</c>: a month's usage of all keys as CSV or JSON Lines.</summary>
internal sealed class UsageExportCommand
{
    /// <summary>How often progress is told.</summary>
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(1);

    private const string Description = """
        Writes what every key of a namespace used in a month, with control totals at the end. docs/BILLING.md describes both formats.

        Examples:
          quota usage export --namespace shop --month 2026-10 --format csv -o october.csv
          quota usage export --namespace shop --month 2026-10 --format csv -o october.csv --resume
          quota usage export --namespace shop --format jsonl --daily --label customer=acme
        """;

    private readonly CliConsole _console;
    private readonly Option<string> _namespace = UsageOptions.Namespace();
    private readonly Option<string?> _month = UsageOptions.Month();
    private readonly Option<bool> _daily = UsageOptions.Daily();
    private readonly Option<string[]> _labels = UsageOptions.Labels();
    private readonly Option<string> _format = new("--format") { Description = "csv (RFC 4180) or jsonl (JSON Lines).", DefaultValueFactory = _ => "csv" };
    private readonly Option<string?> _out = new("--out", "-o") { Description = "File to write, by way of <file>.partial; standard output if not given.", HelpName = "file" };
    private readonly Option<bool> _resume = new("--resume") { Description = "Go on with <file>.partial, after its last key that is whole." };
    private readonly Option<string> _server = ServerOption.Create();

    private UsageExportCommand(CliConsole console)
    {
        _console = console;
        _format.AcceptOnlyFromAmong("csv", "jsonl");
    }

    public static Command Create(CliConsole console)
    {
        var export = new UsageExportCommand(console);
        var command = new Command("export", Description)
        {
            export._namespace, export._month, export._format, export._out, export._resume, export._daily, export._labels, export._server,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(export._resume) && result.GetValue(export._out) is null)
            {
                result.AddError("--resume needs --out: there is nothing to go on with on standard output");
            }
        });
        command.SetAction(export.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        var options = new ExportOptions
        {
            Server = parsed.GetValue(_server)!,
            Namespace = parsed.GetValue(_namespace)!,
            Month = parsed.GetValue(_month) ?? "",
            Format = parsed.GetValue(_format) == "csv" ? new CsvUsageFormat() : new JsonLinesUsageFormat(),
            File = parsed.GetValue(_out),
            Resume = parsed.GetValue(_resume),
            Daily = parsed.GetValue(_daily),
            Labels = UsageOptions.Parse(parsed.GetValue(_labels) ?? []),
        };
        long told = Environment.TickCount64;
        var exporter = new UsageExporter(options, _console.Output, keys =>
        {
            if (Environment.TickCount64 - told >= ProgressInterval.TotalMilliseconds)
            {
                told = Environment.TickCount64;
                Tell(keys, done: false);
            }
        });
        string? problem = await exporter.RunAsync(cancellation);
        if (problem is not null)
        {
            _console.Error.WriteLine($"quota: {problem}");
            return ExitCode.Invalid;
        }
        Tell(exporter.Keys, done: true);
        return ExitCode.Success;
    }

    private void Tell(long keys, bool done)
    {
        string text = string.Create(CultureInfo.InvariantCulture, $"{(done ? "done: " : "")}{keys} keys");
        if (_console.IsErrorTerminal && !done)
        {
            _console.Error.Write($"\r{text}");
        }
        else
        {
            _console.Error.WriteLine(_console.IsErrorTerminal ? $"\r{text}" : text);
        }
    }
}
