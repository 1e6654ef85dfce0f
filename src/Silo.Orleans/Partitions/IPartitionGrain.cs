namespace Quota.Silo.Orleans.Partitions;

/// <summary>One partition; its key is the partition's number.</summary>
[Alias("quota.partition")]
internal interface IPartitionGrain : IGrainWithIntegerKey
{
    /// <summary>
    /// Makes sure that the silo where the partition is may own it; otherwise the partition moves to the silo where it belongs. Returns
    /// whether it stays.
    /// </summary>
    [Alias("settle")]
    Task<bool> SettleAsync();
}
