using Orleans.Placement;

namespace Quota.Silo.Orleans.Partitions;

/// <inheritdoc cref="PartitionPlacement"/>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class PartitionPlacementAttribute() : PlacementAttribute(new PartitionPlacement());
