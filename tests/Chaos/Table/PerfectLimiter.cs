namespace Quota.Chaos.Table;

/// <summary>
/// What a limiter that is always there and decides in no time admits of the same questions: the measure of what a fault kept from callers.
/// It counts as the service does, in one place and without any of its code.
/// </summary>
internal static class PerfectLimiter
{
    /// <summary>Buckets of a sliding window's period, the service's default.</summary>
    private const int Buckets = 10;

    /// <summary>How many of these questions are admitted of a hot key.</summary>
    /// <param name="key">Index of the hot key.</param>
    /// <param name="asked">When each was asked, in seconds.</param>
    /// <param name="epochSeconds">The wall clock's time, since 1970, at instant 0: windows begin at its multiples.</param>
    /// <param name="options">The amounts.</param>
    public static long Admitted(int key, IEnumerable<double> asked, double epochSeconds, ChaosOptions options)
    {
        IEnumerable<double> times = asked.Order().Select(a => a + epochSeconds);
        return key switch
        {
            0 => Sliding(times, options.Amount),
            1 => Bucket(times, options.Amount),
            2 => times.GroupBy(t => Math.Floor(t / HotKey.PeriodSeconds)).Sum(g => Math.Min(g.LongCount(), options.Amount)),
            _ => Math.Min(times.LongCount(), HotKey.QuotaAmount(options)),
        };
    }

    /// <summary>A part of the period counts until all of it has left the window.</summary>
    private static long Sliding(IEnumerable<double> times, int amount)
    {
        var counts = new Dictionary<long, long>();
        foreach (double time in times)
        {
            long part = (long)Math.Floor(time / HotKey.PeriodSeconds * Buckets);
            if (Enumerable.Range(0, Buckets + 1).Sum(i => counts.GetValueOrDefault(part - i)) < amount)
            {
                counts[part] = counts.GetValueOrDefault(part) + 1;
            }
        }
        return counts.Values.Sum();
    }

    private static long Bucket(IEnumerable<double> times, int amount)
    {
        double tokens = amount, before = double.NegativeInfinity;
        long admitted = 0;
        foreach (double time in times)
        {
            tokens = Math.Min(amount, tokens + ((time - before) * amount / HotKey.PeriodSeconds));
            before = time;
            if (tokens >= 1)
            {
                tokens--;
                admitted++;
            }
        }
        return admitted;
    }
}
