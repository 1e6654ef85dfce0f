using Quota.Grains.Model;

namespace Quota.Grains.Counters;

/// <summary>Which soft thresholds of a quota a step has reached.</summary>
public static class Threshold
{
    /// <summary>
    /// The thresholds that were not reached before the step and are after it: bit i for <see cref="LimitModel.Thresholds"/>[i]. A
    /// threshold of p percent is reached when <c>used × 100 ≥ p × amount</c>. An amount of 0 is reached from the start, so no step
    /// reaches it.
    /// </summary>
    /// <param name="limit">The limit.</param>
    /// <param name="amount">What the limit admits in this period (<see cref="Counter.Capacity"/>).</param>
    /// <param name="usedBefore">Units in use before the step, as of the step's instant, so that a new period begins at its own use.</param>
    /// <param name="usedAfter">Units in use after it.</param>
    public static uint Reached(LimitModel limit, long amount, long usedBefore, long usedAfter)
    {
        uint reached = 0;
        int[] percents = limit.Thresholds;
        for (int i = 0; i < percents.Length; i++)
        {
            // Used may lie far above the amount after an over-run, so the products are of 128 bits.
            Int128 needed = (Int128)percents[i] * amount;
            if ((Int128)usedBefore * 100 < needed && (Int128)usedAfter * 100 >= needed)
            {
                reached |= 1u << i;
            }
        }
        return reached;
    }
}
