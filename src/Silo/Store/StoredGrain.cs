namespace Quota.Silo.Store;

/// <summary>A grain's block as the store keeps it.</summary>
/// <param name="LayoutId">Layout of <paramref name="State"/> (<see cref="IGrainStore.LoadLayoutsAsync"/>).</param>
/// <param name="Version">Raised at every save; 0 means "not in the store".</param>
/// <param name="ForgetAtNs">When the block may be forgotten, on the window scale (CounterExpiry).</param>
/// <param name="State">The counters.</param>
public readonly record struct StoredGrain(ulong LayoutId, long Version, long ForgetAtNs, ReadOnlyMemory<byte> State);
