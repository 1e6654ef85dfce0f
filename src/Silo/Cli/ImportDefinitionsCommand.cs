using System.CommandLine;
using System.Globalization;
using Google.Protobuf;
using Quota.Contracts.V1;

namespace Quota.Silo.Cli;

/// <summary><c>quota import definitions</c>: sends a file of JSON Lines to a silo, and says which lines it refused.</summary>
internal sealed class ImportDefinitionsCommand
{
    private const string Description = """
        Creates or replaces namespaces, plans and keys from JSON Lines, as quota export definitions writes them.

        Without --keep-going nothing changes if any line is refused. Refused lines are printed as file:line: field: message.
        """;

    private readonly CliConsole _console;
    private readonly Argument<string> _file = new("file") { Description = "JSON Lines, one definition each; - is standard input." };
    private readonly Option<string> _server = ServerOption.Create();
    private readonly Option<bool> _keepGoing = new("--keep-going") { Description = "Make the changes that are right although other lines are refused." };
    private readonly Option<bool> _dryRun = new("--dry-run") { Description = "Check only." };

    private ImportDefinitionsCommand(CliConsole console) => _console = console;

    public static Command Create(CliConsole console)
    {
        var import = new ImportDefinitionsCommand(console);
        var command = new Command("definitions", Description) { import._file, import._server, import._keepGoing, import._dryRun };
        command.SetAction(import.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        string name = parsed.GetValue(_file)!;
        string server = parsed.GetValue(_server)!;
        try
        {
            await using Stream file = name == "-" ? _console.Input : File.OpenRead(name);
            using HttpClient client = ServerOption.Connect(server);
            string path = string.Create(CultureInfo.InvariantCulture, $"/v1/import?keep_going={Word(_keepGoing)}&dry_run={Word(_dryRun)}");
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StreamContent(file) };
            using HttpResponseMessage response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
            if (!response.IsSuccessStatusCode)
            {
                _console.Error.WriteLine($"quota: {await ServerOption.ProblemAsync(response, cancellation)}");
                return ExitCode.Invalid;
            }
            return await FollowAsync(response, name, cancellation);
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

        string Word(Option<bool> flag) => parsed.GetValue(flag) ? "true" : "false";
    }

    private async Task<int> FollowAsync(HttpResponseMessage response, string name, CancellationToken cancellation)
    {
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(cancellation));
        while (await lines.ReadLineAsync(cancellation) is { } line)
        {
            ImportProgress progress = JsonParser.Default.Parse<ImportProgress>(line);
            foreach (ImportRefusal refusal in progress.Refusals)
            {
                string field = refusal.Field.Length > 0 ? $"{refusal.Field}: " : "";
                string place = refusal.Line > 0 ? $"{name}:{refusal.Line}" : name;
                _console.Output.WriteLine($"{place}: {field}{refusal.Message}");
            }
            _console.Error.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(progress.Done ? "done: " : "")}{progress.Lines} lines, {progress.Created} created, {progress.Replaced} replaced, {progress.Unchanged} unchanged, {progress.Refused} refused"));
            if (progress.Done)
            {
                return progress.Refused > 0 || progress.Refusals.Count > 0 ? ExitCode.Invalid : ExitCode.Success;
            }
        }
        _console.Error.WriteLine("quota: the silo ended the import before it was done");
        return ExitCode.Invalid;
    }
}
