using System.CommandLine;
using System.Text;
using Quota.Silo.Import;

namespace Quota.Silo.Cli;

/// <summary>
/// The options all translations share, and what they do with the result: definitions to the output, remarks to the errors. With
/// an error nothing is written, unless the user wants what is right anyway; the exit code tells both.
/// </summary>
internal sealed class ImportOutput
{
    private readonly CliConsole _console;
    private readonly Option<string?> _out = new("--out", "-o") { Description = "File to write the definitions to; standard output if not given.", HelpName = "file" };
    private readonly Option<string?> _notes = new("--notes") { Description = "File to write notes and errors to; standard error if not given.", HelpName = "file" };
    private readonly Option<bool> _keepGoing = new("--keep-going") { Description = "Write what can be translated even if something cannot; exits with 1 all the same." };
    private readonly Option<bool> _shadow = new("--shadow") { Description = "Every limit in mode shadow, and nothing else that refuses: it counts and reports, and every check is allowed." };

    public ImportOutput(CliConsole console, Command command)
    {
        _console = console;
        command.Options.Add(_out);
        command.Options.Add(_notes);
        command.Options.Add(_keepGoing);
        command.Options.Add(_shadow);
    }

    public bool Shadow(ParseResult parsed) => parsed.GetValue(_shadow);

    /// <summary>Writes definitions and remarks.</summary>
    /// <returns>An <see cref="ExitCode"/>.</returns>
    public int Write(ImportResult result, ParseResult parsed)
    {
        var remarks = new StringBuilder();
        foreach (ImportRemark remark in result.Remarks)
        {
            remarks.Append(remark).Append('\n');
        }
        if (!TryWrite(parsed.GetValue(_notes), remarks.ToString(), _console.Error))
        {
            return ExitCode.Invalid;
        }
        if (result.Errors > 0 && !parsed.GetValue(_keepGoing))
        {
            _console.Error.WriteLine($"{result.Errors} {(result.Errors == 1 ? "error" : "errors")}: nothing is written (--keep-going writes the rest)");
            return ExitCode.Invalid;
        }
        var lines = new StringWriter { NewLine = "\n" };
        DefinitionLines.Write(result.Definitions, lines);
        if (!TryWrite(parsed.GetValue(_out), lines.ToString(), _console.Output))
        {
            return ExitCode.Invalid;
        }
        return result.Errors > 0 ? ExitCode.Invalid : ExitCode.Success;
    }

    private bool TryWrite(string? file, string text, TextWriter otherwise)
    {
        if (file is null)
        {
            otherwise.Write(text);
            return true;
        }
        try
        {
            File.WriteAllText(file, text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            _console.Error.WriteLine($"{file}: cannot be written: {e.Message}");
            return false;
        }
    }
}
