using Quota.Contracts;

namespace Quota.Grains.Tests.Support;

/// <summary>
/// Random requests that look for trouble: bursts at one instant, idle gaps, instants on, one before and one after the edges of
/// buckets and periods, clock steps back, jumps ahead of many periods, peeks, costs of more than the amount.
/// </summary>
/// <param name="Random">Makes the sequence repeatable.</param>
/// <param name="Capacity">Costs are chosen around it.</param>
/// <param name="PeriodNs">Edges are multiples of it,</param>
/// <param name="EdgeNs">and of this.</param>
/// <param name="TickNs">Smallest step of time.</param>
internal sealed record Sequence(Random Random, long Capacity, long PeriodNs, long EdgeNs, long TickNs = 1)
{
    public IEnumerable<Step> Steps(int count)
    {
        // Leaves room for the longest waits in front of the last instant.
        long lastNs = Instant.WindowNsMax - (4 * PeriodNs) - (20 * 366L * 86_400_000_000_000);
        long nowNs = Random.Next(8) switch
        {
            0 => Random.NextInt64(PeriodNs),
            1 => lastNs - Random.NextInt64(PeriodNs),
            _ => Random.NextInt64(1_600_000_000_000_000_000, 1_900_000_000_000_000_000),
        };
        for (int i = 0; i < count; i++)
        {
            nowNs = Math.Clamp(Next(nowNs), 0, lastNs) / TickNs * TickNs;
            yield return new Step(Cost(), new Instant(nowNs, nowNs / 1_000_000));
        }
    }

    private long Next(long nowNs) => Random.Next(20) switch
    {
        < 5 => nowNs,
        5 => nowNs + TickNs,
        < 9 => nowNs + Random.NextInt64(EdgeNs),
        < 12 => Edge(nowNs, EdgeNs) + ((Random.Next(3) - 1) * TickNs),
        < 14 => Edge(nowNs, PeriodNs) + ((Random.Next(3) - 1) * TickNs),
        14 => nowNs + PeriodNs + ((Random.Next(3) - 1) * TickNs),
        < 17 => nowNs + Random.NextInt64(2 * PeriodNs),
        17 => nowNs + (PeriodNs * Random.Next(2, 100)),
        18 => nowNs - Random.NextInt64(EdgeNs),
        _ => Random.Next(3) == 0 ? nowNs - Random.NextInt64(3 * PeriodNs) : nowNs,
    };

    private static long Edge(long nowNs, long lengthNs) => (nowNs / lengthNs * lengthNs) + lengthNs;

    private long Cost() => Random.Next(12) switch
    {
        < 5 => 1,
        5 => 0,
        < 9 => Random.NextInt64(1, Math.Max(2, Capacity / 2)),
        9 => Math.Max(1, Capacity / 3),
        10 => Math.Max(1, Capacity),
        _ => Math.Min(Capacity + Random.Next(3), Bounds.AmountMax),
    };
}
