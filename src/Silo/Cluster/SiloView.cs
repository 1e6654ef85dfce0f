namespace Quota.Silo.Cluster;

/// <summary>A silo of the cluster as this one sees it.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Address">Where others reach it.</param>
/// <param name="State">Whether it lives.</param>
/// <param name="ProductVersion">Version of Quota.</param>
/// <param name="Executor">Who owns keys.</param>
/// <param name="StartedMs">When it started, in ms since 1970.</param>
/// <param name="SeenMs">Age of its last sign of life, in ms.</param>
/// <param name="SkewMs">How far its clock is ahead of this silo's, in ms, at least; 0 for this silo itself.</param>
/// <param name="Numbers">What it said of itself.</param>
public sealed record SiloView(string Name, string Address, SiloState State, string ProductVersion, ExecutorKind Executor, long StartedMs, long SeenMs, long SkewMs, SiloNumbers Numbers);
