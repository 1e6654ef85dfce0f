using Quota.Bench;

foreach (Measurement m in DecisionBench.Run(new BenchOptions(args.Contains("--quick"), [], ""), () => new NoJournal()))
{
    Console.WriteLine($"{m.Case,-40} {m.Metric,-16} {m.Value,10:0.0} {m.Unit,-12} {m.Budget} {m.Met}");
}
