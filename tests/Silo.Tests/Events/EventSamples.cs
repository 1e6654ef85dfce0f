using Quota.Silo.Events;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Events;

/// <summary>Events that tests raise.</summary>
internal static class EventSamples
{
    /// <summary>Start of March 2026 in UTC.</summary>
    public const long MarchMs = 1_772_323_200_000;

    /// <summary>Start of April 2026 in UTC.</summary>
    public const long AprilMs = 1_775_001_600_000;

    public static ThresholdEvent Create(string owner = "shop", string key = "k-1", int percent = 80, long atMs = ManualClock.DefaultStartMs) => new()
    {
        Namespace = owner,
        Key = key,
        Plan = "pro",
        Limit = "calls",
        Unit = "requests",
        ThresholdPercent = percent,
        Amount = 1000,
        Used = 801,
        PeriodStartMs = MarchMs,
        PeriodEndMs = AprilMs,
        AtMs = atMs,
    };
}
