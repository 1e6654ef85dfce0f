using Quota.Grains.Model;

namespace Quota.Silo.Execution.Local.Operations;

/// <summary>Thresholds of a quota that one step has reached.</summary>
/// <param name="Level">Level of the key whose quota it is.</param>
/// <param name="Limit">The quota.</param>
/// <param name="Reached">Bit i for its threshold i.</param>
/// <param name="Amount">Units it admits in the period.</param>
/// <param name="Used">Units used after the step.</param>
/// <param name="Attributes">The attribute values the counter belongs to; empty if it has one per key.</param>
internal sealed record ReachedThreshold(int Level, LimitModel Limit, uint Reached, long Amount, long Used, IReadOnlyList<KeyValuePair<string, string>> Attributes);
