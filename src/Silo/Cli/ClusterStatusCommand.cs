using System.CommandLine;
using System.Globalization;
using Google.Protobuf;
using Quota.Contracts;
using Quota.Contracts.V1;
using Quota.Silo.Catalog.Config;
using Quota.Silo.Protocols.Cluster;
using Quota.Silo.Protocols.Usage;
using Spectre.Console;

namespace Quota.Silo.Cli;

/// <summary><c>quota cluster status</c>: which silos there are, how they are, and on demand who holds the largest leases.</summary>
internal sealed class ClusterStatusCommand
{
    private static readonly JsonParser Parser = new(JsonParser.Settings.Default.WithIgnoreUnknownFields(true));

    private readonly CliConsole _console;
    private readonly Option<bool> _leases = new("--leases") { Description = "Also the largest leases, and who holds them." };
    private readonly Option<int> _leasesMax = new("--leases-max") { Description = "How many of them, up to 1,000.", DefaultValueFactory = _ => Bounds.LeasesShownDefault };
    private readonly Option<bool> _json = new("--json") { Description = "Print the silo's JSON instead of tables." };
    private readonly Option<string> _server = ServerOption.Create();

    private ClusterStatusCommand(CliConsole console) => _console = console;

    public static Command Create(CliConsole console)
    {
        var status = new ClusterStatusCommand(console);
        var command = new Command("status", "Shows the silos of a cluster as one of them sees them.") { status._leases, status._leasesMax, status._json, status._server };
        command.SetAction(status.RunAsync);
        return command;
    }

    private async Task<int> RunAsync(ParseResult parsed, CancellationToken cancellation)
    {
        string query = parsed.GetValue(_leases) ? string.Create(CultureInfo.InvariantCulture, $"?leases=true&leases_max={parsed.GetValue(_leasesMax)}") : "";
        using HttpClient client = ServerOption.Connect(parsed.GetValue(_server)!);
        try
        {
            using HttpResponseMessage response = await client.GetAsync(ClusterRoutes.Path + query, cancellation);
            if (!response.IsSuccessStatusCode)
            {
                return Fail(await ServerOption.ProblemAsync(response, cancellation));
            }
            string json = await response.Content.ReadAsStringAsync(cancellation);
            if (parsed.GetValue(_json))
            {
                _console.Output.Write(json);
            }
            else
            {
                Write(Parser.Parse<ClusterStatus>(json), parsed.GetValue(_leases));
            }
            return ExitCode.Success;
        }
        catch (Exception e) when (e is HttpRequestException or IOException or InvalidProtocolBufferException or InvalidJsonException)
        {
            return Fail($"{client.BaseAddress}: {e.Message}");
        }
    }

    private int Fail(string problem)
    {
        _console.Error.WriteLine($"quota: {problem}");
        return ExitCode.Invalid;
    }

    private void Write(ClusterStatus status, bool withLeases)
    {
        IAnsiConsole screen = ReplayCommand.Tables(_console);
        string executor = status.Executor.ToString().ToLowerInvariant();
        string partitions = status.Partitions > 0 ? string.Create(CultureInfo.InvariantCulture, $", {status.Partitions} partitions") : "";
        _console.Output.WriteLine($"executor {executor}{partitions}, as silo {status.Silo} sees it at {UsageText.Time(status.AtUnixMs)}, cluster clock {Number(status.ClockLeadMs)} ms ahead of its own");
        Table silos = NewTable(6, "silo", "address", "state", "version", "uptime", "clock skew", "leases", "partitions", "lag", "unsettled");
        foreach (SiloStatus s in status.Silos)
        {
            string state = s.State is SiloLife.Live or SiloLife.Stopped ? Word(s.State) : $"{Word(s.State)} {Number(s.SeenMsAgo / 1000)} s";
            string uptime = s.State is SiloLife.Live or SiloLife.Late ? DurationText.Format(Math.Max(0, status.AtUnixMs - s.StartedUnixMs) / 1000 * 1_000_000_000) : "-";
            silos.AddRow([Markup.Escape(s.Name), Markup.Escape(s.Address), state, Markup.Escape(s.Version), uptime, $"{Number(s.ClockSkewMs)} ms", Number(s.Leases), Number(s.Partitions), $"{Number(s.PersistenceLagMs)} ms", Number(s.UnsettledUnits)]);
        }
        screen.Write(silos);
        if (!withLeases)
        {
            return;
        }
        if (status.Leases.Count == 0)
        {
            _console.Output.WriteLine("no leases");
            return;
        }
        Table leases = NewTable(5, "namespace", "key", "limit", "silo", "state", "granted", "spent", "ends");
        foreach (LeaseStatus l in status.Leases)
        {
            leases.AddRow([Markup.Escape(l.Namespace), Markup.Escape(l.Key), Markup.Escape(l.Limit), Markup.Escape(l.Silo), l.State.ToString().ToLowerInvariant(), Number(l.Granted), Number(l.Spent), UsageText.Time(l.ExpiresUnixMs)]);
        }
        screen.Write(leases);
    }

    /// <param name="texts">How many of the first columns are text.</param>
    /// <param name="columns">Their titles.</param>
    private static Table NewTable(int texts, params string[] columns)
    {
        Table table = new Table().Border(TableBorder.Simple);
        for (int i = 0; i < columns.Length; i++)
        {
            table.AddColumn(new TableColumn(columns[i]) { Alignment = i < texts ? Justify.Left : Justify.Right });
        }
        return table;
    }

    private static string Word(SiloLife state) => state.ToString().ToLowerInvariant();

    private static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);
}
