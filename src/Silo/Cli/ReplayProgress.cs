using Quota.Silo.Replay;
using Spectre.Console;

namespace Quota.Silo.Cli;

/// <summary>Runs a replay with a progress bar on standard error, or without one where that is no terminal.</summary>
internal static class ReplayProgress
{
    /// <summary>One in so many lines out of order is usual, because servers log a request when it ends.</summary>
    private const int OutOfOrderShareMax = 20;

    /// <summary>A few lines say nothing about a log's order.</summary>
    private const int OutOfOrderMin = 100;

    /// <summary>Replays every file; stops at the first that cannot be read to its end.</summary>
    public static (ReplayReport Report, string? Problem) Run(ReplayOptions options, IReadOnlyList<string> files, CliConsole console, CancellationToken cancellationToken)
    {
        if (!console.IsErrorTerminal)
        {
            return Replay(options, files, console, (_, _, _) => { }, cancellationToken);
        }
        IAnsiConsole screen = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(console.Error) });
        return screen.Progress().AutoClear(true).Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .Start(context =>
            {
                var tasks = new Dictionary<string, ProgressTask>(StringComparer.Ordinal);
                return Replay(options, files, console, (file, doneBytes, totalBytes) => Advance(context, tasks, file, doneBytes, totalBytes), cancellationToken);
            });
    }

    private static void Advance(ProgressContext context, Dictionary<string, ProgressTask> tasks, string file, long doneBytes, long totalBytes)
    {
        if (!tasks.TryGetValue(file, out ProgressTask? task))
        {
            task = context.AddTask(Markup.Escape(file), maxValue: Math.Max(1, totalBytes));
            task.IsIndeterminate = totalBytes == 0;
            tasks.Add(file, task);
        }
        task.Value = totalBytes == 0 ? 0 : doneBytes;
    }

    private static (ReplayReport Report, string? Problem) Replay(ReplayOptions options, IReadOnlyList<string> files, CliConsole console, Action<string, long, long> progress, CancellationToken cancellationToken)
    {
        var replayer = new Replayer(options, console.Input, progress);
        string? problem = null;
        for (int i = 0; i < files.Count && problem is null; i++)
        {
            problem = replayer.Replay(files[i], cancellationToken);
        }
        problem ??= replayer.Finish(cancellationToken);
        ReplayReport report = replayer.Report();
        if (report.Lines.OutOfOrder > OutOfOrderMin && report.Lines.OutOfOrder * OutOfOrderShareMax > report.Requests)
        {
            console.Error.WriteLine(
                $"note: {report.Lines.OutOfOrder} of {report.Requests} requests are earlier than one before them of the same key, and were decided at that later instant; "
                + "limits of a few seconds look fuller than they were. --sort decides them in the order of their times.");
        }
        return (report, problem);
    }
}
