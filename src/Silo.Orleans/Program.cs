using Quota.Silo.Cli;

return await QuotaCli.RunAsync(args, CliConsole.System());
