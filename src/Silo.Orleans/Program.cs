using Quota.Silo.Cli;
using Quota.Silo.Orleans;

return await QuotaCli.RunAsync(args, CliConsole.System(), plugin: new OrleansPlugin());
