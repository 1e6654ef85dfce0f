using Quota.Chaos;
using Quota.Chaos.Faults;
using Quota.Chaos.Running;
using Quota.Chaos.Table;

// Silos on one store, as processes, and what faults do to them; ChaosOptions.Usage says how it is called.
// Exit codes: 0 everything is as promised, 1 something is not or the run broke off, 2 it cannot be run like this.
ChaosOptions? options = ChaosOptions.Parse(args, Console.Error);
if (options is null)
{
    return 2;
}
if (SiloProgram.Missing(options.Executor) is { } missing)
{
    Console.WriteLine($"chaos {options.Command}: not run: {missing}");
    return 2;
}
return options.Command == "table" ? await TableRun.RunAsync(options) : await FaultRun.RunAsync(options);
