using Quota.Grains.Calendar;
using Quota.Grains.Model;

namespace Quota.Grains.Counters;

/// <summary>
/// A calendar quota with roll-over and an offset in its first period. State: <c>[start ms, end ms, used, carried]</c>. A positive
/// <c>carried</c> is what the periods before left over; a negative one is the offset, which counts as used beside
/// <c>used</c> in the first period, so that no refund can reach it. An end of 0: nothing was ever counted.
/// <para>
/// At the end of a period <c>min(rollover max, max(0, amount + carried - used))</c> is carried into the next one; a period in which
/// nothing is counted carries on what it has and its own amount, so after n of them it is
/// <c>min(rollover max, carried + n × amount)</c>, which needs no walk through them. A counter that never counted carries nothing.
/// </para>
/// <para>The amount is part of the shape: what is carried depends on it, and a journal is replayed without the plan.</para>
/// </summary>
internal static class CalendarCarry
{
    /// <summary>The state as of an instant.</summary>
    internal readonly record struct Row(long StartMs, long EndMs, long Used, long Carried)
    {
        public long RolledOver => Math.Max(0, Carried);

        public long Offset => Math.Max(0, -Carried);

        public long UsedWithOffset => Used + Offset;

        /// <summary>What the next period gets.</summary>
        public long Unused(CounterShape shape) => Math.Clamp(shape.Amount + RolledOver - UsedWithOffset, 0, shape.RolloverMax);
    }

    public static bool IsNew(ReadOnlySpan<long> c) => c[1] == 0;

    public static Row At(CounterShape shape, ReadOnlySpan<long> c, long wallMs)
    {
        var row = new Row(c[0], c[1], c[2], c[3]);
        if (wallMs < row.EndMs)
        {
            return row;
        }
        CalendarPeriod period = shape.Calendar!.PeriodAt(wallMs);
        long carried = IsNew(c) ? -shape.InitialOffset : AfterIdle(shape, row.Unused(shape), shape.Calendar.PeriodsBetween(row.EndMs, period.StartMs));
        return new Row(period.StartMs, period.EndMs, 0, carried);
    }

    public static long Evaluate(CounterShape shape, ReadOnlySpan<long> c, long cost, long wallMs)
    {
        Row row = At(shape, c, wallMs);
        long missing = row.UsedWithOffset + cost - shape.Amount - row.RolledOver;
        if (missing <= 0)
        {
            return Counter.HasRoom;
        }
        // 1. The next period has the amount and what this one leaves over; a counter that never counted has the amount only.
        long carried = IsNew(c) ? 0 : row.Unused(shape);
        long lacking = cost - shape.Amount - carried;
        if (lacking <= 0)
        {
            return Duration.NsFromMs(row.EndMs - wallMs);
        }
        // 2. Each further period that passes unused adds the amount, up to the bound.
        if (IsNew(c) || shape.Amount == 0 || lacking > shape.RolloverMax - carried)
        {
            return Counter.Never;
        }
        long periods = ((lacking - 1) / shape.Amount) + 1;
        return shape.Calendar!.TryStartAfter(row.EndMs, periods, out long startMs) ? Duration.NsFromMs(startMs - wallMs) : Counter.Never;
    }

    /// <summary>A cost of 0 opens the period, and of a new counter the first one, without counting.</summary>
    public static void Count(CounterShape shape, Span<long> c, long cost, long wallMs)
    {
        Write(c, At(shape, c, wallMs));
        c[2] += cost;
    }

    public static void Write(Span<long> c, in Row row)
    {
        c[0] = row.StartMs;
        c[1] = row.EndMs;
        c[2] = row.Used;
        c[3] = row.Carried;
    }

    private static long AfterIdle(CounterShape shape, long carried, long periods) =>
        (long)Int128.Min(shape.RolloverMax, carried + ((Int128)periods * shape.Amount));
}
