using System.Globalization;
using Quota.Chaos.Running;
using Quota.Chaos.Table;

namespace Quota.Chaos;

/// <summary>What the command line says.</summary>
internal sealed record ChaosOptions
{
    public const string Usage = """
        usage: Quota.Chaos table  [--executor E] [--store S] [--seconds 10] [--amount N] [--out FILE] [--only SITUATION,…] [--plant 0]
               Quota.Chaos faults [--executor E] [--store S] [--faults 20] [--seed M] [--rate 150] [--away 30] [--plant 0]
        E: shared (default) or orleans
        N: units that each limit admits in 2 s; default: 300 on PostgreSQL, 150 on DynamoDB Local, which bears less
        S: postgresql or dynamodb; default: postgresql where there is a server, otherwise dynamodb
        """;

    /// <summary>table or faults.</summary>
    public string Command { get; init; } = "";

    /// <summary>shared or orleans.</summary>
    public string Executor { get; init; } = SiloProgram.Shared;

    /// <summary>postgresql or dynamodb; empty: what is to be had.</summary>
    public string Store { get; init; } = "";

    /// <summary>Of the table: how long each case is loaded, at least.</summary>
    public int Seconds { get; init; } = 10;

    /// <summary>Of the table: units that each rate limit admits in two seconds; 0: what the store can bear.</summary>
    public int Amount { get; init; }

    /// <summary>Of the table: where it is written as well, in Markdown.</summary>
    public string Out { get; init; } = "";

    /// <summary>Of the table: the only situations that are measured; empty: all.</summary>
    public string[] Only { get; init; } = [];

    public int Faults { get; init; } = 20;

    public int Seed { get; init; } = Environment.TickCount & 0xFFFF;

    /// <summary>Of the faults: calls a second, of all clients together.</summary>
    public int Rate { get; init; } = 150;

    /// <summary>Of the faults: longest time the store is away, in seconds.</summary>
    public int Away { get; init; } = 30;

    /// <summary>Units that are put into the books without having been admitted: proves that a difference is found.</summary>
    public int Plant { get; init; }

    /// <summary>Reads the command line; on a fault says so and answers null.</summary>
    public static ChaosOptions? Parse(string[] args, TextWriter errors)
    {
        if (args.Length % 2 == 0 || args[0] is not ("table" or "faults"))
        {
            errors.WriteLine(Usage);
            return null;
        }
        var options = new ChaosOptions { Command = args[0] };
        for (int i = 1; i < args.Length; i += 2)
        {
            string text = args[i + 1];
            bool isNumber = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number);
            ChaosOptions? next = (args[i], isNumber) switch
            {
                ("--store", _) when text is "postgresql" or "dynamodb" => options with { Store = text },
                ("--executor", _) when text is SiloProgram.Shared or SiloProgram.Orleans => options with { Executor = text },
                ("--out", _) => options with { Out = text },
                ("--only", _) when text.Split(',') is var names && Array.TrueForAll(names, n => Situation.All.Any(s => s.Name == n)) => options with { Only = names },
                ("--seconds", true) when number > 0 => options with { Seconds = number },
                ("--amount", true) when number > 0 => options with { Amount = number },
                ("--faults", true) => options with { Faults = number },
                ("--seed", true) => options with { Seed = number },
                ("--rate", true) when number > 0 => options with { Rate = number },
                ("--away", true) when number > 1 => options with { Away = number },
                ("--plant", true) => options with { Plant = number },
                _ => null,
            };
            if (next is null)
            {
                errors.WriteLine($"{args[i]} {text}: not understood\n{Usage}\nSITUATION: {string.Join(", ", Situation.All.Select(s => s.Name))}");
                return null;
            }
            options = next;
        }
        return options;
    }
}
