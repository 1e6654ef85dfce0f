using Quota.Grains.Model;

namespace Quota.Silo.Catalog;

/// <summary>What is defined of a key. Immutable.</summary>
public sealed record KeyModel(string Name, PlanModel Plan)
{
    /// <summary>The level above the key that counts with it: its parent, or the namespace if that has a plan; null if neither.</summary>
    public KeyState? Above { get; init; }
}
