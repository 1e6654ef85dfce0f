using Quota.Chaos;
using Quota.Chaos.Faults;
using Quota.Chaos.Table;

// Three silos on one store, as processes, and what faults do to them.
//   Quota.Chaos table  [--store postgresql] [--seconds 10] [--amount 300] [--out FILE] [--only SITUATION] [--plant 0]
//   Quota.Chaos faults [--store postgresql] [--faults 20] [--seed N] [--rate 150] [--away 30] [--plant 0]
ChaosOptions? options = ChaosOptions.Parse(args, Console.Error);
if (options is null)
{
    return 2;
}
return options.Command == "table" ? await TableRun.RunAsync(options) : await FaultRun.RunAsync(options);
