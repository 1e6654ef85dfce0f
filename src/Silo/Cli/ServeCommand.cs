using System.CommandLine;
using Quota.Silo.Catalog.Config;
using Quota.Silo.Hosting;

namespace Quota.Silo.Cli;

/// <summary><c>quota serve</c>: runs one silo.</summary>
internal static class ServeCommand
{
    public const string Name = "serve";

    private const string Description = """
        Runs one silo until SIGTERM or SIGINT; SIGHUP reads the configuration again.
        """;

    public static Command Create(CliConsole console)
    {
        Option<string?> config = ConfigOption.Create();
        var data = new Option<string?>("--data") { Description = "Data directory, instead of server.data_directory.", HelpName = "directory" };
        Option<string?> grpc = Listen("--grpc", "gRPC address, instead of server.grpc_listen.");
        Option<string?> http = Listen("--http", "HTTP address, instead of server.http_listen.");
        var acceptJournalLoss = new Option<bool>("--accept-journal-loss")
        {
            Description = "Start although a part of the journal is damaged, without the decisions that were in it.",
        };
        var command = new Command(Name, Description) { config, data, grpc, http, acceptJournalLoss };
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
                AcceptJournalLoss = parsed.GetValue(acceptJournalLoss),
            };
            return await SiloRunner.RunAsync(options, cancellationToken);
        });
        return command;
    }

    private static Option<string?> Listen(string name, string description)
    {
        var option = new Option<string?>(name) { Description = description, HelpName = "address:port" };
        option.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<string?>() is { } text && !ListenText.TryParse(text, out _))
            {
                result.AddError($"{name}: {Quoted.Text(text)} is not an address with a port (examples: {ListenText.Examples})");
            }
        });
        return option;
    }
}
