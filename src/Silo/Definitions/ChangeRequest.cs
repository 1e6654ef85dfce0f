using Quota.Contracts.V1;

namespace Quota.Silo.Definitions;

/// <summary>On whose behalf definitions are changed, and how.</summary>
/// <param name="Source">Who manages what is written.</param>
/// <param name="Actor">Who the audit trail names.</param>
/// <param name="KeepGoing">Make the changes that are right although others are refused.</param>
/// <param name="DryRun">Check only.</param>
internal sealed record ChangeRequest(Source Source, string Actor, bool KeepGoing = false, bool DryRun = false);
