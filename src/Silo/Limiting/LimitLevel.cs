using Quota.Grains;
using Quota.Grains.Model;

namespace Quota.Silo.Limiting;

/// <summary>One limit as an operation left it.</summary>
/// <param name="Limit">The limit.</param>
/// <param name="Key">The parent whose limit it is; empty if it is the key's own or the namespace's.</param>
/// <param name="Result">What remains, and when it resets.</param>
public sealed record LimitLevel(LimitModel Limit, string Key, LimitResult Result);
