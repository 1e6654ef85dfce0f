namespace Quota.Silo.Cluster;

/// <summary>A silo by itself, seen as a cluster of one.</summary>
/// <param name="self">The silo.</param>
/// <param name="startedMs">When it started, in ms since 1970.</param>
/// <param name="numbers">What it says of itself.</param>
internal sealed class LoneSilo(SiloIdentity self, long startedMs, Func<SiloNumbers> numbers) : IClusterView
{
    public SiloIdentity Self { get; } = self;

    public IReadOnlyList<SiloView> Silos => [new SiloView(Self.Name, Self.Address, SiloState.Live, Self.ProductVersion, Self.Executor, startedMs, 0, 0, numbers())];

    public long ClockLeadMs => 0;
}
