using Quota.Grains.Model;

namespace Quota.Silo.Catalog;

/// <summary>A key that the configuration names.</summary>
public sealed record KeyModel(string Name, PlanModel Plan);
