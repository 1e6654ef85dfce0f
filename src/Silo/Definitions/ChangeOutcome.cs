namespace Quota.Silo.Definitions;

/// <summary>What changes that were made together came to.</summary>
/// <param name="Applied">Created, replaced or deleted; with <c>dry_run</c> those that would have been.</param>
/// <param name="Unchanged">What was there already.</param>
/// <param name="Versions">The stored versions, in the order of <paramref name="Applied"/>; empty for a dry run.</param>
/// <param name="Fault">The store failed; changes after those in <paramref name="Applied"/> were not made.</param>
/// <param name="IsOvertaken">Another silo has changed definitions meanwhile: those after what was applied are to be judged again.</param>
internal sealed record ChangeOutcome(IReadOnlyList<PendingChange> Applied, long Unchanged, IReadOnlyList<long> Versions, DefinitionError? Fault, bool IsOvertaken = false);
