using System.Globalization;

namespace Quota.Soak;

/// <summary>What the command line says.</summary>
internal sealed record SoakOptions
{
    public bool IsClient { get; init; }

    /// <summary>How long load is made; the clients then resolve what is open.</summary>
    public int Seconds { get; init; } = 600;

    /// <summary>How often the silo is killed while load is made. It is killed once more before the comparison.</summary>
    public int Kills { get; init; } = 10;

    public int Clients { get; init; } = 4;

    /// <summary>Steps a second and client: a step is a call, some with up to 20 checks.</summary>
    public int Rate { get; init; } = 200;

    public int Seed { get; init; } = Environment.TickCount & 0xFFFF;

    /// <summary>Requests that are put into the tallies without having been made: proves that a difference is found.</summary>
    public int Plant { get; init; }

    /// <summary>Of a client: the silo's gRPC address.</summary>
    public string Address { get; init; } = "";

    /// <summary>Of a client: its number, which its request ids begin with.</summary>
    public int Index { get; init; }

    /// <summary>Of a client: where it writes its tally.</summary>
    public string TallyPath { get; init; } = "";

    /// <summary>Reads the command line; on a fault says so and answers null.</summary>
    public static SoakOptions? Parse(string[] args, TextWriter errors)
    {
        if (args.Length % 2 == 0 || args[0] is not ("drive" or "client"))
        {
            errors.WriteLine("usage: Quota.Soak drive [--seconds 600] [--kills 10] [--clients 4] [--rate 200] [--seed N] [--plant 0]");
            return null;
        }
        var options = new SoakOptions { IsClient = args[0] == "client" };
        for (int i = 1; i < args.Length; i += 2)
        {
            bool isNumber = int.TryParse(args[i + 1], NumberStyles.None, CultureInfo.InvariantCulture, out int number);
            SoakOptions? next = (args[i], isNumber) switch
            {
                ("--address", _) => options with { Address = args[i + 1] },
                ("--tally", _) => options with { TallyPath = args[i + 1] },
                ("--index", true) => options with { Index = number },
                ("--seed", true) => options with { Seed = number },
                ("--kills", true) => options with { Kills = number },
                ("--plant", true) => options with { Plant = number },
                ("--seconds", true) when number > 0 => options with { Seconds = number },
                ("--clients", true) when number > 0 => options with { Clients = number },
                ("--rate", true) when number > 0 => options with { Rate = number },
                _ => null,
            };
            if (next is null)
            {
                errors.WriteLine($"{args[i]} {args[i + 1]}: not understood");
                return null;
            }
            options = next;
        }
        return options;
    }
}
