using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Model;
using Quota.Silo.Limiting;

namespace Quota.Silo.Protocols.Headers;

/// <summary>
/// The rate-limit headers of a decision, for every protocol that answers HTTP callers. Only enforced limits appear: a shadow
/// limit is nobody's business but the operator's; and only those with a window, so no limit of concurrency. Durations are whole seconds, rounded up. Allocates nothing.
/// <list type="bullet">
/// <item>draft 11: all limits. <c>t</c> is the time until the whole quota is back; for a limit that refused, the time until the
/// check fits, so that <c>Retry-After</c> is never earlier than it.</item>
/// <item>draft 03 and legacy: the most constrained limit (smallest remaining share; on a refusal the deciding one). Draft 03
/// names the policies of all limits after it.</item>
/// </list>
/// </summary>
public static class RateLimitHeaders
{
    /// <summary>Most bytes one limit adds to one value: a name of escapes only, and three parameters.</summary>
    public const int LimitBytesMax = (3 * Bounds.NameBytesMax) + 64;

    /// <summary>Writes the headers of <paramref name="decision"/> to <paramref name="sink"/>.</summary>
    public static void Write<TSink>(Decision decision, HeaderDialect dialect, ref TSink sink)
        where TSink : IHeaderSink, allows ref struct
    {
        if (dialect == HeaderDialect.None || decision.Status != DecisionStatus.Decided)
        {
            return;
        }
        Span<byte> buffer = stackalloc byte[(decision.Results.Length + 1) * LimitBytesMax];
        int constrained = decision.Plan is null ? -1 : MostConstrained(decision);
        if (constrained >= 0 && dialect == HeaderDialect.Draft11)
        {
            WriteDraft11(decision, buffer, ref sink);
        }
        else if (constrained >= 0)
        {
            WriteTriple(decision, decision.Results[constrained], dialect, buffer, ref sink);
        }
        if (RetryAfterMs(decision) is > 0 and long retryAfterMs)
        {
            HeaderValue value = new(buffer);
            value.Integer(Seconds(retryAfterMs));
            sink.Add("Retry-After"u8, value.Written);
        }
    }

    /// <summary>Milliseconds after which a refused check could be allowed; 0 if it was not refused by a limit, -1 if never.</summary>
    public static long RetryAfterMs(Decision decision)
    {
        if (!decision.Allowed && decision.DecidingResult >= 0)
        {
            return decision.Results[decision.DecidingResult].RetryAfterMs;
        }
        return 0;
    }

    /// <summary>Whole seconds that are not over before <paramref name="milliseconds"/> are.</summary>
    internal static long Seconds(long milliseconds) => (milliseconds / 1000) + (milliseconds % 1000 > 0 ? 1 : 0);

    private static void WriteDraft11<TSink>(Decision decision, scoped Span<byte> buffer, ref TSink sink)
        where TSink : IHeaderSink, allows ref struct
    {
        HeaderValue value = new(buffer);
        foreach (ref readonly LimitResult result in decision.Results)
        {
            LimitModel limit = decision.LimitOf(result);
            if (IsShown(limit))
            {
                value.Separator();
                value.Quoted(limit.NameUtf8);
                value.Text(";q="u8);
                value.Integer(result.Amount);
                value.Text(";w="u8);
                value.Integer(WindowSeconds(limit.Shape, decision.At));
            }
        }
        sink.Add("RateLimit-Policy"u8, value.Written);
        value.Clear();
        foreach (ref readonly LimitResult result in decision.Results)
        {
            LimitModel limit = decision.LimitOf(result);
            if (IsShown(limit))
            {
                value.Separator();
                value.Quoted(limit.NameUtf8);
                value.Text(";r="u8);
                value.Integer(result.Remaining);
                value.Text(";t="u8);
                value.Integer(Seconds(result.Exceeded && result.RetryAfterMs > 0 ? result.RetryAfterMs : result.ResetAfterMs));
            }
        }
        sink.Add("RateLimit"u8, value.Written);
    }

    private static void WriteTriple<TSink>(Decision decision, in LimitResult constrained, HeaderDialect dialect, scoped Span<byte> buffer, ref TSink sink)
        where TSink : IHeaderSink, allows ref struct
    {
        HeaderValue value = new(buffer);
        bool legacy = dialect == HeaderDialect.Legacy;
        value.Integer(constrained.Amount);
        if (!legacy)
        {
            foreach (ref readonly LimitResult result in decision.Results)
            {
                LimitModel limit = decision.LimitOf(result);
                if (IsShown(limit))
                {
                    value.Separator();
                    value.Integer(result.Amount);
                    value.Text(";w="u8);
                    value.Integer(WindowSeconds(limit.Shape, decision.At));
                }
            }
        }
        sink.Add(legacy ? "X-RateLimit-Limit"u8 : "RateLimit-Limit"u8, value.Written);
        value.Clear();
        value.Integer(constrained.Remaining);
        sink.Add(legacy ? "X-RateLimit-Remaining"u8 : "RateLimit-Remaining"u8, value.Written);
        value.Clear();
        value.Integer(Seconds(constrained.ResetAfterMs));
        sink.Add(legacy ? "X-RateLimit-Reset"u8 : "RateLimit-Reset"u8, value.Written);
    }

    /// <summary>A shadow limit is not the caller's business, and slots that are held have no window to name.</summary>
    private static bool IsShown(LimitModel limit) => limit.Mode == LimitMode.Enforce && limit.Shape.Algorithm != LimitAlgorithm.Concurrency;

    private static int MostConstrained(Decision decision)
    {
        int best = -1;
        for (int i = 0; i < decision.Results.Length; i++)
        {
            ref readonly LimitResult result = ref decision.Results[i];
            LimitModel limit = decision.LimitOf(result);
            if (i == decision.DecidingResult && limit.Shape.Algorithm != LimitAlgorithm.Concurrency)
            {
                return i;
            }
            if (IsShown(limit) && (best < 0 || ShareIsSmaller(result.Remaining, result.Amount, decision.Results[best].Remaining, decision.Results[best].Amount)))
            {
                best = i;
            }
        }
        return best;
    }

    /// <summary>Compares remaining shares of capacities without rounding; a limit of nothing has no share left.</summary>
    private static bool ShareIsSmaller(long remaining, long capacity, long otherRemaining, long otherCapacity) =>
        (Int128)remaining * Math.Max(1, otherCapacity) < (Int128)otherRemaining * Math.Max(1, capacity);

    /// <summary>Length of the limit's window; for a calendar that of the current period, for a bucket the time it fills in.</summary>
    private static long WindowSeconds(CounterShape shape, in Instant at)
    {
        if (shape.Calendar is { } calendar)
        {
            Grains.Calendar.CalendarPeriod period = calendar.PeriodAt(at.WallMs);
            return Seconds(period.EndMs - period.StartMs);
        }
        long windowNs = shape.Algorithm == LimitAlgorithm.TokenBucket && shape.BurstNs > 0 ? shape.BurstNs : shape.PeriodNs;
        return Seconds((windowNs + 999_999) / 1_000_000);
    }
}
