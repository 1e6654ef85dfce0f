using System.CommandLine;
using System.Globalization;
using System.Text;

namespace Quota.Silo.Cli;

/// <summary><c>quota export definitions</c>: writes a silo's namespaces, plans and keys as JSON Lines.</summary>
internal sealed class ExportDefinitionsCommand
{
    private const int ProgressLines = 100_000;

    private readonly CliConsole _console;
    private readonly Option<string?> _namespace = new("--namespace") { Description = "Only this namespace." };
    private readonly Option<string?> _out = new("--out", "-o") { Description = "File to write; standard output if not given.", HelpName = "file" };
    private readonly Option<string> _server = ServerOption.Create();

    private ExportDefinitionsCommand(CliConsole console) => _console = console;

    public static Command Create(CliConsole console)
    {
        var export = new ExportDefinitionsCommand(console);
        var command = new Command("definitions", "Writes namespaces, plans and keys as JSON Lines, which quota import definitions reads. Secrets are not among them.") { export._namespace, export._out, export._server };
        command.SetAction(export.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        string server = parsed.GetValue(_server)!;
        string? file = parsed.GetValue(_out);
        try
        {
            using HttpClient client = ServerOption.Connect(server);
            string path = "/v1/export" + (parsed.GetValue(_namespace) is { } owner ? "?namespace=" + Uri.EscapeDataString(owner) : "");
            using HttpResponseMessage response = await client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, cancellation);
            if (!response.IsSuccessStatusCode)
            {
                _console.Error.WriteLine($"quota: {await ServerOption.ProblemAsync(response, cancellation)}");
                return ExitCode.Invalid;
            }
            using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation));
            if (file is null)
            {
                await CopyAsync(lines, _console.Output, cancellation);
                return ExitCode.Success;
            }
            await using var target = new StreamWriter(file, append: false, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { NewLine = "\n" };
            await CopyAsync(lines, target, cancellation);
            return ExitCode.Success;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _console.Error.WriteLine($"quota: {e.Message}");
            return ExitCode.Invalid;
        }
        catch (HttpRequestException e)
        {
            _console.Error.WriteLine($"quota: {server}: {e.Message}");
            return ExitCode.Invalid;
        }
    }

    private async Task CopyAsync(StreamReader lines, TextWriter target, CancellationToken cancellation)
    {
        long count = 0;
        while (await lines.ReadLineAsync(cancellation) is { } line)
        {
            await target.WriteLineAsync(line);
            if (++count % ProgressLines == 0)
            {
                _console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{count} definitions"));
            }
        }
        _console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"done: {count} definitions"));
    }
}
