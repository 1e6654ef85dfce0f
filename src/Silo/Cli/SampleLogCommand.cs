using System.CommandLine;
using System.Text;
using Quota.Contracts;
using Quota.Silo.Replay;

namespace Quota.Silo.Cli;

/// <summary><c>quota sample-log</c>: writes an access log to try <c>quota replay</c> with.</summary>
internal static class SampleLogCommand
{
    public static Command Create(CliConsole console)
    {
        var seed = new Option<long>("--seed") { Description = "The same seed gives the same bytes.", DefaultValueFactory = _ => 1 };
        var lines = new Option<int>("--lines") { Description = "Lines to write.", DefaultValueFactory = _ => 4_000 };
        lines.Validators.Add(result => OptionRules.Range(result, 1, Bounds.SampleLinesMax));
        var file = new Option<string?>("--out") { Description = "File to write; standard output if not given.", HelpName = "file" };
        var command = new Command("sample-log", "Writes a made-up access log (combined format) to try `quota replay` with.") { seed, lines, file };
        command.SetAction(parsed =>
        {
            string text = SampleLog.Generate((ulong)parsed.GetValue(seed), parsed.GetValue(lines));
            return Write(parsed.GetValue(file), text, console);
        });
        return command;
    }

    private static int Write(string? file, string text, CliConsole console)
    {
        if (file is null)
        {
            console.Output.Write(text);
            return ExitCode.Success;
        }
        try
        {
            File.WriteAllText(file, text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
            return ExitCode.Success;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            console.Error.WriteLine($"{file}: cannot be written: {e.Message}");
            return ExitCode.Invalid;
        }
    }
}
