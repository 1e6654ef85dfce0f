using Quota.Grains;

namespace Quota.Silo.Execution.Shared.Leases;

/// <summary>Permits of one block that a silo was handed in advance, as the store keeps them: they are counted in the block.</summary>
/// <param name="Id">Tells the lease from every other of the block; never 0.</param>
/// <param name="Holder">The data directory of the silo that holds it.</param>
/// <param name="Silo">The silo's name.</param>
/// <param name="EndNs">Nothing may be spent from this instant of the window scale on.</param>
/// <param name="GrantedAt">When the permits were counted.</param>
/// <param name="Permits">By limit.</param>
internal sealed record LeaseEntry(long Id, long Holder, string Silo, long EndNs, Instant GrantedAt, IReadOnlyList<LeasePermits> Permits);
