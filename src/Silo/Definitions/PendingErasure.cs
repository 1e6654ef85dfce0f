namespace Quota.Silo.Definitions;

/// <summary>An erasure that was begun and is not complete.</summary>
/// <param name="Namespace">The key's namespace.</param>
/// <param name="Name">The key.</param>
/// <param name="Pseudonym">What it is called from now on.</param>
public sealed record PendingErasure(string Namespace, string Name, string Pseudonym);
