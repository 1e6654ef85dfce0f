namespace Quota.Silo.Definitions.Log;

/// <summary>The beginning of a key's erasure, as the change log says it: without the key's name (<see cref="Redaction"/>).</summary>
/// <param name="Namespace">The key's namespace.</param>
/// <param name="Pseudonym">What the key is called from now on; no other erasure uses it.</param>
/// <param name="AtMs">When, in ms since 1970.</param>
/// <param name="Actor">Who asked for it.</param>
/// <param name="Previous">First record of the beginning of the erasure before this one, of any key; 0 if this is the first.</param>
/// <param name="Entries">Everything in the log that names the key, ascending.</param>
internal sealed record ErasureBegin(string Namespace, string Pseudonym, long AtMs, string Actor, long Previous, IReadOnlyList<NamingEntry> Entries);
