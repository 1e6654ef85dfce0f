namespace Quota.Silo.Cluster;

/// <summary>What does not change of a silo while it runs.</summary>
/// <param name="Name">Its name, unique in the cluster.</param>
/// <param name="Run">16 random bytes per start.</param>
/// <param name="Address">Where others reach it.</param>
/// <param name="ProductVersion">Version of Quota.</param>
/// <param name="Executor">Who owns keys.</param>
public sealed record SiloIdentity(string Name, Guid Run, string Address, string ProductVersion, ExecutorKind Executor);
