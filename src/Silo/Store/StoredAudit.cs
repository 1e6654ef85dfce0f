using Quota.Silo.Definitions;

namespace Quota.Silo.Store;

/// <summary>One entry of the audit trail.</summary>
/// <param name="Sequence">Grows with every entry; never given twice.</param>
/// <param name="AtMs">When, in ms since 1970.</param>
/// <param name="Actor">Who asked for the change.</param>
/// <param name="Action">create, replace, delete or erase.</param>
/// <param name="Id">What was changed.</param>
/// <param name="Before">Its content before, or null.</param>
/// <param name="After">Its content after, or null.</param>
public readonly record struct StoredAudit(long Sequence, long AtMs, string Actor, string Action, DefinitionId Id, ReadOnlyMemory<byte>? Before, ReadOnlyMemory<byte>? After);
