namespace Quota.Grains;

/// <summary>
/// Where a grain finds its counters. The executor that owns the key implements it; the counters it hands out must not be
/// touched by anybody else until the step is over.
/// </summary>
public interface IGrainState
{
    /// <summary>The bytes of the counter of limit <paramref name="limitIndex"/> of the plan.</summary>
    Span<byte> Counter(int limitIndex);
}
