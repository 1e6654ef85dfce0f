using System.Runtime.InteropServices;
using Quota.Grains.Model;

namespace Quota.Grains.Counters;

/// <summary>
/// One limit's counter: the algorithm of its shape over its bytes. A counter is a row of 64-bit integers, little-endian in
/// memory as on disk; a new counter is all zeros. No counter ever moves to an earlier window than it has seen, so an instant
/// before the last one is counted in the latest window.
/// </summary>
public static class Counter
{
    /// <summary>Answer of <see cref="Evaluate"/>: the cost fits.</summary>
    public const long HasRoom = 0;

    /// <summary>Answer of <see cref="Evaluate"/>: the cost does not fit, now or ever.</summary>
    public const long Never = -1;

    static Counter() => Invariant.Check(BitConverter.IsLittleEndian);

    /// <summary>
    /// Whether <paramref name="cost"/> fits: <see cref="HasRoom"/>, <see cref="Never"/>, or the nanoseconds (at least 1) after which it
    /// fits if nothing else is counted until then. A peek (cost 0) has room while less than the capacity is used.
    /// </summary>
    public static long Evaluate(LimitModel limit, ReadOnlySpan<byte> counter, long cost, in Instant now)
    {
        // A peek asks whether one more unit would fit.
        long asked = Math.Max(cost, 1);
        CounterShape shape = limit.Shape;
        if (asked > limit.Capacity + shape.RolloverMax)
        {
            return Never;
        }
        ReadOnlySpan<long> c = MemoryMarshal.Cast<byte, long>(counter);
        return shape.Algorithm switch
        {
            LimitAlgorithm.SlidingWindow => SlidingWindow.Evaluate(shape, c, limit.Capacity, asked, now.WindowNs),
            LimitAlgorithm.Weighted => WeightedWindow.Evaluate(shape, c, limit.Capacity, asked, now.WindowNs),
            LimitAlgorithm.TokenBucket => TokenBucket.Evaluate(shape, c, asked, now.WindowNs),
            LimitAlgorithm.FixedWindow => FixedWindow.Evaluate(shape, c, limit.Capacity, asked, now.WindowNs),
            LimitAlgorithm.Calendar => CalendarQuota.Evaluate(c, limit.Capacity, asked, now.WallMs),
            LimitAlgorithm.Concurrency => Concurrency.Evaluate(c, limit.Capacity, asked),
            LimitAlgorithm.CalendarCarry => CalendarCarry.Evaluate(shape, c, asked, now.WallMs),
            LimitAlgorithm.Lease => LeaseCounter.Evaluate(c, asked, now.WindowNs),
            _ => throw new InvalidOperationException($"Unknown algorithm {shape.Algorithm}."),
        };
    }

    /// <summary>Adds <paramref name="cost"/>, without asking whether it fits.</summary>
    public static void Count(CounterShape shape, Span<byte> counter, long cost, in Instant now)
    {
        Span<long> c = MemoryMarshal.Cast<byte, long>(counter);
        switch (shape.Algorithm)
        {
            case LimitAlgorithm.SlidingWindow:
                SlidingWindow.Count(shape, c, cost, now.WindowNs);
                break;
            case LimitAlgorithm.Weighted:
                WeightedWindow.Count(shape, c, cost, now.WindowNs);
                break;
            case LimitAlgorithm.TokenBucket:
                TokenBucket.Count(shape, c, cost, now.WindowNs);
                break;
            case LimitAlgorithm.FixedWindow:
                FixedWindow.Count(shape, c, cost, now.WindowNs);
                break;
            case LimitAlgorithm.Calendar:
                CalendarQuota.Count(shape, c, cost, now.WallMs);
                break;
            case LimitAlgorithm.PerValue:
                break;
            case LimitAlgorithm.Concurrency:
                Concurrency.Count(c, cost);
                break;
            case LimitAlgorithm.CalendarCarry:
                CalendarCarry.Count(shape, c, cost, now.WallMs);
                break;
            case LimitAlgorithm.Lease:
                LeaseCounter.Count(c, cost);
                break;
            default:
                throw new InvalidOperationException($"Unknown algorithm {shape.Algorithm}.");
        }
    }

    /// <summary>
    /// Gives back units that were counted at <paramref name="countedAt"/>, of what the limit still holds of that instant: never more
    /// than is counted there, and nothing of a window or period that has passed. Deterministic, like counting.
    /// <para>
    /// Why no promise breaks: units are taken from the window (bucket, period) of <paramref name="countedAt"/> and from no other.
    /// They were counted there or, if the clock had stepped back, in a later one. Taking them from an earlier place than they were
    /// counted in leaves the counter, at every later instant, with at least what was counted and not given back; taking them from
    /// a later one would not, and so the rest of what is not found is not looked for.
    /// </para>
    /// </summary>
    /// <param name="shape">The counter's shape.</param>
    /// <param name="counter">Its bytes.</param>
    /// <param name="units">Units to give back, at least 0.</param>
    /// <param name="countedAt">The instant they were counted at, or one before it.</param>
    /// <param name="now">The instant of the step.</param>
    /// <returns>The units given back: at most <paramref name="units"/>, and at most what is counted there.</returns>
    public static long Uncount(CounterShape shape, Span<byte> counter, long units, in Instant countedAt, in Instant now)
    {
        Invariant.Check(units >= 0);
        Span<long> c = MemoryMarshal.Cast<byte, long>(counter);
        return shape.Algorithm switch
        {
            LimitAlgorithm.SlidingWindow => SlidingWindow.Uncount(shape, c, units, countedAt.WindowNs, now.WindowNs),
            LimitAlgorithm.Weighted => WeightedWindow.Uncount(shape, c, units, countedAt.WindowNs, now.WindowNs),
            LimitAlgorithm.TokenBucket => TokenBucket.Uncount(shape, c, units, countedAt.WindowNs, now.WindowNs),
            LimitAlgorithm.FixedWindow => FixedWindow.Uncount(shape, c, units, countedAt.WindowNs, now.WindowNs),
            LimitAlgorithm.Calendar or LimitAlgorithm.CalendarCarry => CalendarQuota.Uncount(c, units, countedAt.WallMs, now.WallMs),
            LimitAlgorithm.Concurrency => Concurrency.Uncount(c, units),
            _ => throw new InvalidOperationException($"Unknown algorithm {shape.Algorithm}."),
        };
    }

    /// <summary>Units in use, as the limit sees them at <paramref name="now"/>. May exceed a capacity that has shrunk.</summary>
    public static long Used(CounterShape shape, ReadOnlySpan<byte> counter, in Instant now)
    {
        ReadOnlySpan<long> c = MemoryMarshal.Cast<byte, long>(counter);
        return shape.Algorithm switch
        {
            LimitAlgorithm.SlidingWindow => SlidingWindow.Used(shape, c, now.WindowNs),
            LimitAlgorithm.Weighted => WeightedWindow.Used(shape, c, now.WindowNs),
            LimitAlgorithm.TokenBucket => TokenBucket.Used(shape, c, now.WindowNs),
            LimitAlgorithm.FixedWindow => FixedWindow.Used(shape, c, now.WindowNs),
            LimitAlgorithm.Calendar => CalendarQuota.Used(c, now.WallMs),
            LimitAlgorithm.PerValue or LimitAlgorithm.LeaseHead => 0,
            LimitAlgorithm.Concurrency => Concurrency.Used(c),
            LimitAlgorithm.Lease => LeaseCounter.Used(c),
            LimitAlgorithm.CalendarCarry => CalendarCarry.At(shape, c, now.WallMs).UsedWithOffset,
            _ => throw new InvalidOperationException($"Unknown algorithm {shape.Algorithm}."),
        };
    }

    /// <summary>
    /// Nanoseconds until nothing is in use any more, if nothing else is counted until then. For a calendar until its period ends,
    /// also while nothing is used; for a concurrency limit, whose end nobody knows, a hint.
    /// </summary>
    public static long ResetNs(CounterShape shape, ReadOnlySpan<byte> counter, in Instant now)
    {
        ReadOnlySpan<long> c = MemoryMarshal.Cast<byte, long>(counter);
        return shape.Algorithm switch
        {
            LimitAlgorithm.SlidingWindow => SlidingWindow.ResetNs(shape, c, now.WindowNs),
            LimitAlgorithm.Weighted => WeightedWindow.ResetNs(shape, c, now.WindowNs),
            LimitAlgorithm.TokenBucket => TokenBucket.ResetNs(c, now.WindowNs),
            LimitAlgorithm.FixedWindow => FixedWindow.ResetNs(shape, c, now.WindowNs),
            LimitAlgorithm.PerValue or LimitAlgorithm.LeaseHead => 0,
            LimitAlgorithm.Lease => LeaseCounter.ResetNs(c, now.WindowNs),
            LimitAlgorithm.Calendar or LimitAlgorithm.CalendarCarry => CalendarQuota.ResetNs(shape, c, now.WallMs),
            LimitAlgorithm.Concurrency => Concurrency.ResetNs(c),
            _ => throw new InvalidOperationException($"Unknown algorithm {shape.Algorithm}."),
        };
    }

    /// <summary>
    /// The instant the counter takes <paramref name="now"/> for: <paramref name="now"/>, or the start of the latest window it has
    /// counted in if that is later.
    /// </summary>
    public static Instant Latest(CounterShape shape, ReadOnlySpan<byte> counter, in Instant now)
    {
        ReadOnlySpan<long> c = MemoryMarshal.Cast<byte, long>(counter);
        return shape.Algorithm switch
        {
            LimitAlgorithm.SlidingWindow => now with { WindowNs = Math.Max(now.WindowNs, c[0] * shape.BucketWidthNs) },
            LimitAlgorithm.Weighted or LimitAlgorithm.FixedWindow => now with { WindowNs = Math.Max(now.WindowNs, c[0] * shape.PeriodNs) },
            LimitAlgorithm.PerValue => now,
            LimitAlgorithm.TokenBucket or LimitAlgorithm.Concurrency => now,
            LimitAlgorithm.Calendar or LimitAlgorithm.CalendarCarry => now with { WallMs = Math.Max(now.WallMs, c[0]) },
            _ => throw new InvalidOperationException($"Unknown algorithm {shape.Algorithm}."),
        };
    }

    /// <summary>The most units the limit admits in its window or period now: its amount, and what was carried into a quota's period.</summary>
    public static long Capacity(LimitModel limit, ReadOnlySpan<byte> counter, in Instant now) =>
        limit.Shape.Algorithm == LimitAlgorithm.Lease ? MemoryMarshal.Cast<byte, long>(counter)[LeaseCounter.Amount] : limit.Capacity + RolledOver(limit.Shape, counter, now);

    /// <summary>
    /// Until when units that are counted now are counted where they would be if they were counted then: the end of the bucket,
    /// window or period of <paramref name="now"/>, on the window scale; <see cref="long.MaxValue"/> if there is none. Permits that are
    /// counted in advance and spent before it never make a window exceed its amount.
    /// </summary>
    public static long PlaceEndNs(CounterShape shape, ReadOnlySpan<byte> counter, in Instant now)
    {
        ReadOnlySpan<long> c = MemoryMarshal.Cast<byte, long>(counter);
        return shape.Algorithm switch
        {
            LimitAlgorithm.SlidingWindow => (Math.Max(c[0], now.WindowNs / shape.BucketWidthNs) + 1) * shape.BucketWidthNs,
            LimitAlgorithm.Weighted or LimitAlgorithm.FixedWindow => (Math.Max(c[0], now.WindowNs / shape.PeriodNs) + 1) * shape.PeriodNs,
            LimitAlgorithm.Calendar or LimitAlgorithm.CalendarCarry => now.WindowNs + CalendarQuota.ResetNs(shape, c, now.WallMs),
            _ => long.MaxValue,
        };
    }

    /// <summary>
    /// Where units that are counted now are counted: the number of the bucket or window, the start of the period in ms; 0 if there is
    /// only one place. Equal for two instants if and only if what is counted at them goes the same way later.
    /// </summary>
    public static long Place(CounterShape shape, ReadOnlySpan<byte> counter, in Instant now)
    {
        ReadOnlySpan<long> c = MemoryMarshal.Cast<byte, long>(counter);
        return shape.Algorithm switch
        {
            LimitAlgorithm.SlidingWindow => Math.Max(c[0], now.WindowNs / shape.BucketWidthNs),
            LimitAlgorithm.Weighted or LimitAlgorithm.FixedWindow => Math.Max(c[0], now.WindowNs / shape.PeriodNs),
            LimitAlgorithm.Calendar or LimitAlgorithm.CalendarCarry => now.WallMs < c[1] ? c[0] : shape.Calendar!.PeriodAt(now.WallMs).StartMs,
            _ => 0,
        };
    }

    /// <summary>Units that were carried into the running period of a quota with roll-over; 0 otherwise.</summary>
    public static long RolledOver(CounterShape shape, ReadOnlySpan<byte> counter, in Instant now) =>
        shape.Algorithm == LimitAlgorithm.CalendarCarry ? CalendarCarry.At(shape, MemoryMarshal.Cast<byte, long>(counter), now.WallMs).RolledOver : 0;

    /// <summary>Units that count as used in the running period because it is the first of a quota with an offset; 0 otherwise.</summary>
    public static long Offset(CounterShape shape, ReadOnlySpan<byte> counter, in Instant now) =>
        shape.Algorithm == LimitAlgorithm.CalendarCarry ? CalendarCarry.At(shape, MemoryMarshal.Cast<byte, long>(counter), now.WallMs).Offset : 0;

    /// <summary>What is left, at least 0, and the time until the limit has its whole amount again.</summary>
    public static void Describe(LimitModel limit, ReadOnlySpan<byte> counter, in Instant now, out long amount, out long remaining, out long resetNs)
    {
        amount = Capacity(limit, counter, now);
        remaining = Math.Max(0, amount - Used(limit.Shape, counter, now));
        resetNs = ResetNs(limit.Shape, counter, now);
    }
}
