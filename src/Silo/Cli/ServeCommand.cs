using System.CommandLine;
using Quota.Silo.Catalog.Config;
using Quota.Silo.Cluster;
using Quota.Silo.Hosting;

namespace Quota.Silo.Cli;

/// <summary><c>quota serve</c>: runs one silo.</summary>
internal static class ServeCommand
{
    public const string Name = "serve";

    private const string Description = """
        Runs one silo until SIGTERM or SIGINT; SIGHUP reads the configuration again.
        """;

    public static Command Create(CliConsole console, IClusterPlugin? plugin)
    {
        Option<string?> config = ConfigOption.Create();
        var data = new Option<string?>("--data") { Description = "Data directory, instead of server.data_directory.", HelpName = "directory" };
        Option<string?> grpc = Listen("--grpc", "gRPC address, instead of server.grpc_listen.");
        Option<string?> http = Listen("--http", "HTTP address, instead of server.http_listen.");
        Option<string?> silo = Checked("--silo", "Name of the silo in its cluster, instead of server.silo.", "name", SiloNames.IsName, SiloNames.Rule);
        Option<string?> advertise = Checked("--advertise", "Address that others are told, instead of server.advertise.", "host:port", SiloNames.IsAddress, "must be a host with a port");
        Option<string?> orleans = Listen("--orleans", "Address for the other silos of an Orleans cluster, instead of server.orleans.address.");
        var acceptJournalLoss = new Option<bool>("--accept-journal-loss")
        {
            Description = "Start although a part of the journal is damaged, without the decisions that were in it.",
        };
        var command = new Command(Name, Description) { config, data, grpc, http, silo, advertise, orleans, acceptJournalLoss };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            if (ConfigOption.Find(parsed.GetValue(config), console) is not { } path)
            {
                return ExitCode.Invalid;
            }
            var options = new ServeOptions
            {
                ConfigPath = path,
                DataDirectory = parsed.GetValue(data),
                GrpcListen = parsed.GetValue(grpc),
                HttpListen = parsed.GetValue(http),
                Silo = parsed.GetValue(silo),
                Advertise = parsed.GetValue(advertise),
                OrleansAddress = parsed.GetValue(orleans),
                AcceptJournalLoss = parsed.GetValue(acceptJournalLoss),
            };
            return await SiloRunner.RunAsync(options, plugin, cancellationToken);
        });
        return command;
    }

    private static Option<string?> Listen(string name, string description) =>
        Checked(name, description, "address:port", text => ListenText.TryParse(text, out _), $"is not an address with a port (examples: {ListenText.Examples})");

    private static Option<string?> Checked(string name, string description, string helpName, Func<string, bool> isRight, string rule)
    {
        var option = new Option<string?>(name) { Description = description, HelpName = helpName };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } text && !isRight(text))
            {
                result.AddError($"{name}: {Quoted.Text(text)} {rule}");
            }
        });
        return option;
    }
}
