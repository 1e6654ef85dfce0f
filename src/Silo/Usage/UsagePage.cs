namespace Quota.Silo.Usage;

/// <summary>A part of a month's usage in the order of the keys' bytes.</summary>
/// <param name="Keys">May be empty although more follows: a scan looks at a bounded number of rows.</param>
/// <param name="ContinueAfter">The key to go on after; null at the end.</param>
public sealed record UsagePage(IReadOnlyList<KeyUsageState> Keys, byte[]? ContinueAfter);
