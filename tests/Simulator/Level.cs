using Quota.Grains.Model;

namespace Quota.Simulator;

/// <summary>A key that is counted on: one that is checked, a parent, or the namespace.</summary>
/// <param name="Name">The key; empty for the namespace.</param>
/// <param name="Plans">Its plan before and after the change of plans.</param>
internal sealed record Level(string Name, PlanModel[] Plans)
{
    public byte[] Utf8 { get; } = System.Text.Encoding.UTF8.GetBytes(Name);

    /// <summary>Every limit by its name, with the largest amount that any of the plans gives it.</summary>
    public IReadOnlyDictionary<string, LimitModel> Limits { get; } = Plans
        .SelectMany(p => p.Limits)
        .GroupBy(l => l.Name)
        .ToDictionary(g => g.Key, g => g.MaxBy(l => l.Capacity)!);

    public bool IsBilled => Plans[0].Billing is not null;
}
