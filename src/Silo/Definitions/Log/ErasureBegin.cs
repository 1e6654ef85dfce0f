namespace Quota.Silo.Definitions.Log;

/// <summary>The beginning of a key's erasure, as the change log says it.</summary>
/// <param name="Key">The key; once the log has forgotten its name, the pseudonym.</param>
/// <param name="Pseudonym">What it is called from now on.</param>
/// <param name="AtMs">When, in ms since 1970.</param>
/// <param name="Actor">Who asked for it.</param>
/// <param name="Rewritten">First records of the batches that named the key and name the pseudonym now; empty until the log has forgotten the name.</param>
internal sealed record ErasureBegin(DefinitionId Key, string Pseudonym, long AtMs, string Actor, IReadOnlyList<long> Rewritten)
{
    /// <summary>Whether the log has forgotten the name.</summary>
    public bool IsForgotten => Key.Name == Pseudonym;
}
