namespace Quota.Silo.Execution.Shared.Leases;

/// <summary>Who asks for a lease.</summary>
/// <param name="Holder">Identifies the silo's data directory: what it spends is in the journal there.</param>
/// <param name="Silo">The silo's name.</param>
/// <param name="Silos">Silos that share the store now, itself included.</param>
internal sealed record LeaseTerms(long Holder, string Silo, int Silos);
