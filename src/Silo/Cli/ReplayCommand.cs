using System.CommandLine;
using Quota.Contracts;
using Quota.Grains.Model;
using Quota.Silo.Replay;
using Spectre.Console;

namespace Quota.Silo.Cli;

/// <summary><c>quota replay</c>: who would have been denied.</summary>
internal sealed class ReplayCommand
{
    private const string Description = """
        Replays access logs against a plan: who would have been denied, when, and by which limit.

        Examples:
          quota replay samples/access.log
          quota replay --limit 100/1m --key user_agent access.log access.log.1.gz
          quota replay --limit name=login,amount=5,period=1m,match.route=/login,per=ip --json - < access.log
        """;

    private readonly CliConsole _console;
    private readonly Argument<string[]> _files = new("files") { Description = "Access logs in the order of time; - is standard input.", Arity = ArgumentArity.OneOrMore };
    private readonly Option<string?> _config = ConfigOption.Create();
    private readonly Option<string?> _namespace = new("--namespace") { Description = "Namespace of the plan; not needed if there is only one." };
    private readonly Option<string?> _plan = new("--plan") { Description = "Plan to replay against; the namespace's default plan if not given." };
    private readonly Option<string[]> _limits = new("--limit")
    {
        Description = "A limit of its own instead of a plan of the configuration: amount/period (100/1m, 10000/month) or name=…,amount=…,period=… with any of algorithm, burst, buckets, mode, per, time_zone, anchor_day, anchor_month, match.<attribute>; repeatable.",
    };

    private readonly Option<string> _key = new("--key") { Description = "What a key is.", DefaultValueFactory = _ => "ip" };
    private readonly Option<string> _cost = new("--cost") { Description = "What a request costs: 1, or the bytes of its answer.", DefaultValueFactory = _ => "1" };
    private readonly Option<bool> _sort = new("--sort") { Description = "Decide the lines in the order of their times instead of the order of the files; holds them in memory." };
    private readonly Option<int> _top = new("--top") { Description = "Most denied keys listed.", DefaultValueFactory = _ => 10 };
    private readonly Option<int> _denials = new("--denials") { Description = "First denials listed.", DefaultValueFactory = _ => 10 };
    private readonly Option<bool> _json = new("--json") { Description = "Print one JSON document instead of tables." };

    private ReplayCommand(CliConsole console)
    {
        _console = console;
        _key.AcceptOnlyFromAmong([.. ReplayKeySources.Names]);
        _cost.AcceptOnlyFromAmong("1", "bytes");
        _top.Validators.Add(result => OptionRules.Range(result, 0, Bounds.ReplayListMax));
        _denials.Validators.Add(result => OptionRules.Range(result, 0, Bounds.ReplayListMax));
    }

    public static Command Create(CliConsole console)
    {
        var replay = new ReplayCommand(console);
        var command = new Command("replay", Description)
        {
            replay._files, replay._config, replay._namespace, replay._plan, replay._limits, replay._key, replay._cost, replay._sort, replay._top, replay._denials, replay._json,
        };
        command.SetAction((parsed, cancellationToken) => Task.FromResult(replay.Run(parsed, cancellationToken)));
        return command;
    }

    private int Run(ParseResult parsed, CancellationToken cancellationToken)
    {
        string[] limits = parsed.GetValue(_limits) ?? [];
        PlanModel? plan = limits.Length > 0
            ? ReplayPlan.FromLimits(limits, _console)
            : ReplayPlan.FromConfig(parsed.GetValue(_config), parsed.GetValue(_namespace), parsed.GetValue(_plan), _console);
        if (plan is null)
        {
            return ExitCode.Invalid;
        }
        var options = new ReplayOptions
        {
            Plan = plan,
            Key = ReplayKeySources.Parse(parsed.GetValue(_key)!),
            CostIsBytes = parsed.GetValue(_cost) == "bytes",
            Sort = parsed.GetValue(_sort),
            Top = parsed.GetValue(_top),
            Denials = parsed.GetValue(_denials),
        };
        (ReplayReport report, string? problem) = ReplayProgress.Run(options, parsed.GetValue(_files)!, _console, cancellationToken);
        if (problem is not null)
        {
            _console.Error.WriteLine(problem);
            return ExitCode.Invalid;
        }
        if (parsed.GetValue(_json))
        {
            _console.Output.WriteLine(ReplayJson.Write(report));
        }
        else
        {
            ReplayTable.Write(report, Tables(_console));
        }
        return ExitCode.Success;
    }

    /// <summary>Where tables go: to a terminal with its width and colours, otherwise plain.</summary>
    internal static IAnsiConsole Tables(CliConsole console)
    {
        IAnsiConsole tables = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(console.Output),
            Ansi = console.IsOutputTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = console.IsOutputTerminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = InteractionSupport.No,
        });
        if (!console.IsOutputTerminal)
        {
            tables.Profile.Width = CliConsole.PlainWidth;
        }
        return tables;
    }
}
