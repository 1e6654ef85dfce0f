namespace Quota.Grains.Tests.Support;

/// <summary>One request of a sequence; a cost of 0 peeks.</summary>
internal readonly record struct Step(long Cost, Instant At);
