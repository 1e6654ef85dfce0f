namespace Quota.Silo.Orleans.Tests.Support;

/// <summary>What a caller heard of a check.</summary>
/// <param name="Allowed">The decision; null if none came.</param>
/// <param name="IsUncounted">Without a decision: the call reached nobody, so nothing can have been counted.</param>
internal readonly record struct CheckReply(bool? Allowed, bool IsUncounted = false);
