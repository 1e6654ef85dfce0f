using Quota.Silo.Cluster;
using LeaseEntry = Quota.Silo.Execution.Shared.Leases.LeaseEntry;

namespace Quota.Simulator;

/// <summary>A lease that was settled without its holder.</summary>
/// <param name="Level">Index of the level whose block it is on.</param>
/// <param name="IsKeyBlock">It is on the key's own block, which is where usage is.</param>
/// <param name="Lease">As it was in the book.</param>
/// <param name="Policy">What was done with it.</param>
internal sealed record LostLease(int Level, bool IsKeyBlock, LeaseEntry Lease, LostLeases Policy);
