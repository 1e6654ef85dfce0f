using Quota.Grains.Model;
using Quota.Silo.Limiting;

namespace Quota.Silo.Protocols.Operations;

/// <summary>What every protocol says of an explained limit besides what it was told.</summary>
internal static class ExplainedNames
{
    /// <summary>The algorithm as the configuration names it; a quota with roll-over is a quota.</summary>
    public static string Algorithm(LimitModel limit) => limit.Shape.Algorithm switch
    {
        LimitAlgorithm.SlidingWindow => "sliding_window",
        LimitAlgorithm.Weighted => "weighted",
        LimitAlgorithm.TokenBucket => "token_bucket",
        LimitAlgorithm.FixedWindow => "fixed_window",
        LimitAlgorithm.Concurrency => "concurrency",
        _ => "quota",
    };

    /// <summary>Units left; settled over-runs can use more than there are.</summary>
    public static long Remaining(ExplainedLimit limit) => Math.Max(0, limit.Amount - limit.Used);
}
