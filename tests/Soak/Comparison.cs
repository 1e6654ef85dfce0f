using System.Globalization;

namespace Quota.Soak;

/// <summary>
/// The clients' tallies beside the silo's numbers: exactly equal for every key and unit, on every level, and in the control totals.
/// </summary>
internal sealed class Comparison
{
    private readonly Dictionary<string, (int Rows, UsageRowTotals Expected, UsageRowTotals Found, int Differing)> _groups = [];
    private readonly List<string> _differences = [];

    /// <summary>Units that the clients counted and the silo did not, over keys without descendants' units.</summary>
    public long Lost { get; private set; }

    /// <summary>Units that the silo counted and the clients did not.</summary>
    public long DoubleCounted { get; private set; }

    public bool IsEqual => _differences.Count == 0;

    public static async Task<Comparison> MakeAsync(UsageReport report, IReadOnlyDictionary<string, KeyTally> tallies, bool withCounters)
    {
        var result = new Comparison();
        KeyTally all = default;
        Dictionary<string, KeyTally> rolledUp = [];
        foreach ((string key, KeyTally tally) in tallies)
        {
            all += tally;
            for (string parent = Workload.ParentOf(key); parent.Length > 0; parent = Workload.ParentOf(parent))
            {
                rolledUp[parent] = rolledUp.GetValueOrDefault(parent) + tally;
            }
        }
        foreach (string key in Workload.Loaded)
        {
            UsageRowTotals expected = Expect(tallies.GetValueOrDefault(key), rolledUp.GetValueOrDefault(key));
            UsageRowTotals found = await report.KeyAsync(key);
            result.Add(Workload.Groups.First(g => key.StartsWith(g, StringComparison.Ordinal)), key, expected, found);
            result.CountUnits(expected.WithoutRolledUp().Used - found.WithoutRolledUp().Used);
            result.CountUnits(found.WithoutRolledUp().Refunded - expected.WithoutRolledUp().Refunded);
            if (withCounters && await report.CountersAsync(key) is { } counted && counted != expected.Used - expected.Refunded)
            {
                result._differences.Add($"{key}: limits hold {counted}, expected {expected.Used - expected.Refunded}");
            }
        }
        UsageRowTotals root = await report.KeyAsync("");
        result.Add("namespace", "(namespace)", Expect(default, all), root);
        (UsageRowTotals trailer, UsageRowTotals rows) = await report.StreamAsync();
        result.Add("control totals", "(trailer)", Expect(all, default), trailer);
        result.Add("sum of stream", "(stream)", Expect(all, default), rows);
        return result;
    }

    public void Print(TextWriter output)
    {
        output.WriteLine($"{"keys",-16}{"rows",5}  {"unit",-11}{"used: clients",15}{"service",15}{"refunded: clients",19}{"service",15}{"reserved",10}  rows that differ");
        foreach ((string group, (int rows, UsageRowTotals expected, UsageRowTotals found, int differing)) in _groups)
        {
            for (int unit = 0; unit < Units.Names.Length; unit++)
            {
                output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{(unit == 0 ? group : ""),-16}{(unit == 0 ? rows : ""),5}  {Units.Names[unit],-11}{expected.Used.At(unit),15:N0}{found.Used.At(unit),15:N0}{expected.Refunded.At(unit),19:N0}{found.Refunded.At(unit),15:N0}{found.Reserved.At(unit),10:N0}  {(unit == 0 ? differing : "")}"));
            }
        }
        foreach (string difference in _differences)
        {
            output.WriteLine("DIFFERS " + difference);
        }
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"lost units: {Lost}; double-counted units: {DoubleCounted}"));
    }

    private static UsageRowTotals Expect(KeyTally own, KeyTally rolledUp) =>
        new(own.Used + rolledUp.Used, rolledUp.Used, own.Refunded + rolledUp.Refunded, rolledUp.Refunded, default);

    private void Add(string group, string key, UsageRowTotals expected, UsageRowTotals found)
    {
        (int rows, UsageRowTotals expectedSum, UsageRowTotals foundSum, int differing) = _groups.GetValueOrDefault(group);
        bool differs = expected != found;
        _groups[group] = (rows + 1, expectedSum + expected, foundSum + found, differing + (differs ? 1 : 0));
        if (differs)
        {
            _differences.Add($"{key}: expected {expected}, found {found}");
        }
    }

    private void CountUnits(Units missing)
    {
        for (int unit = 0; unit < Units.Names.Length; unit++)
        {
            Lost += Math.Max(0, missing.At(unit));
            DoubleCounted += Math.Max(0, -missing.At(unit));
        }
    }
}
