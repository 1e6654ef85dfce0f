namespace Quota.Soak;

/// <summary>Amounts in the units of the workload.</summary>
internal readonly record struct Units(long Requests, long Input, long Output)
{
    public static readonly string[] Names = ["requests", "tokens.in", "tokens.out"];

    public static Units operator +(Units a, Units b) => new(a.Requests + b.Requests, a.Input + b.Input, a.Output + b.Output);

    public static Units operator -(Units a, Units b) => new(a.Requests - b.Requests, a.Input - b.Input, a.Output - b.Output);

    public static Units From(IDictionary<string, long> costs) => new(Of(costs, Names[0]), Of(costs, Names[1]), Of(costs, Names[2]));

    /// <summary>The amount in a unit by its place in <see cref="Names"/>.</summary>
    public long At(int unit) => unit switch { 0 => Requests, 1 => Input, _ => Output };

    /// <summary>Writes the units besides requests into a request.</summary>
    public void WriteTo(IDictionary<string, long> costs)
    {
        costs[Names[1]] = Input;
        costs[Names[2]] = Output;
    }

    private static long Of(IDictionary<string, long> costs, string unit) => costs.TryGetValue(unit, out long value) ? value : 0;
}
