namespace Quota.Silo.Definitions.Log;

/// <summary>The end of a key's erasure, as the change log says it.</summary>
/// <param name="Namespace">The key's namespace.</param>
/// <param name="Pseudonym">What the key is called from now on.</param>
internal sealed record ErasureEnd(string Namespace, string Pseudonym);
