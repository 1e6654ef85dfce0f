using Quota.Silo.Protocols.Headers;

namespace Quota.Silo.Protocols.Native;

/// <summary>What a caller wants to know of the decision; the limiter does not see it.</summary>
/// <param name="Headers">Ready-made headers, or none.</param>
/// <param name="VerdictOnly">Leave the status of every limit out.</param>
public readonly record struct CheckOptions(HeaderDialect Headers, bool VerdictOnly);
