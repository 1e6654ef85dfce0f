using System.Text;
using Quota.Grains;
using Quota.Grains.Calendar;
using Quota.Grains.Model;
using Quota.Silo.Limiting;
using Quota.Silo.Protocols.Headers;

namespace Quota.Silo.Tests.Protocols;

public sealed class RateLimitHeadersTests
{
    // 2024-02-10, so that the month has 29 days.
    private const long FebruaryMs = 1_707_566_400_000;

    private static readonly PlanModel Plan = new("p",
    [
        LimitModel.SlidingWindow("burst", 100, 60_000_000_000),
        LimitModel.Quota("month", 10_000, new CalendarRule(CalendarUnit.Month)),
        LimitModel.TokenBucket("bucket", 10, 1_000_000_000, 25),
        LimitModel.FixedWindow("trial", 7, 1_000_000_000, LimitMode.Shadow),
    ]);

    [Fact]
    public void Draft_11_lists_every_enforced_limit()
    {
        Decision decision = Decide(Plan, true, -1, (50, 29_001, 0), (9_999, 1000, 0), (20, 500, 0), (1, 1, 0));
        Assert.Equal(
            [
                "RateLimit-Policy: \"burst\";q=100;w=60, \"month\";q=10000;w=2505600, \"bucket\";q=25;w=3",
                "RateLimit: \"burst\";r=50;t=30, \"month\";r=9999;t=1, \"bucket\";r=20;t=1",
            ], Headers(decision, HeaderDialect.Draft11));
    }

    [Fact]
    public void Draft_03_and_legacy_show_the_most_constrained_limit()
    {
        Decision decision = Decide(Plan, true, -1, (50, 29_001, 0), (4_999, 1000, 0), (20, 500, 0), (0, 1, 0));
        Assert.Equal(
            ["RateLimit-Limit: 10000, 100;w=60, 10000;w=2505600, 25;w=3", "RateLimit-Remaining: 4999", "RateLimit-Reset: 1"],
            Headers(decision, HeaderDialect.Draft03));
        Assert.Equal(["X-RateLimit-Limit: 10000", "X-RateLimit-Remaining: 4999", "X-RateLimit-Reset: 1"], Headers(decision, HeaderDialect.Legacy));
    }

    [Fact]
    public void Refusals_show_the_deciding_limit_and_when_to_retry()
    {
        Decision decision = Decide(Plan, false, 0, (3, 59_000, 12_001), (0, 1000, 0), (20, 500, 0), (0, 1, 0));
        Assert.Equal(["X-RateLimit-Limit: 100", "X-RateLimit-Remaining: 3", "X-RateLimit-Reset: 59", "Retry-After: 13"], Headers(decision, HeaderDialect.Legacy));
        Assert.Equal("Retry-After: 13", Headers(decision, HeaderDialect.Draft11)[^1]);
        Assert.Contains("\"burst\";r=3;t=13", Headers(decision, HeaderDialect.Draft11)[1], StringComparison.Ordinal);
    }

    [Fact]
    public void A_check_that_never_fits_has_no_retry_and_no_headers_are_made_of_nothing()
    {
        Decision never = Decide(Plan, false, 0, (3, 59_000, LimitResult.Never), (1, 1, 0), (1, 1, 0), (1, 1, 0));
        Assert.DoesNotContain(Headers(never, HeaderDialect.Draft11), h => h.StartsWith("Retry-After", StringComparison.Ordinal));
        Assert.Empty(Headers(never, HeaderDialect.None));
        Assert.Empty(Headers(Decide(new PlanModel("empty", []), true, -1), HeaderDialect.Draft11));
    }

    [Fact]
    public void Names_are_escaped_and_amounts_clamped()
    {
        PlanModel plan = new("p", [LimitModel.FixedWindow("a\"b\\c%ü", Quota.Contracts.Bounds.AmountMax, 1_500_000_000)]);
        Assert.Equal(
            ["RateLimit-Policy: \"a\\\"b\\\\c%25%C3%BC\";q=999999999999999;w=2", "RateLimit: \"a\\\"b\\\\c%25%C3%BC\";r=5;t=1"],
            Headers(Decide(plan, true, -1, (5, 1, 0)), HeaderDialect.Draft11));
    }

    [Fact]
    public void Limits_of_concurrency_have_no_window_and_are_left_out()
    {
        PlanModel plan = new("p", [LimitModel.Concurrency("slots", 3), LimitModel.FixedWindow("hour", 10, 3_600_000_000_000)]);
        Assert.Equal(["RateLimit-Policy: \"hour\";q=10;w=3600", "RateLimit: \"hour\";r=5;t=1"], Headers(Decide(plan, true, -1, (0, 0, 0), (5, 1, 0)), HeaderDialect.Draft11));
        Assert.Empty(Headers(Decide(new("q", [LimitModel.Concurrency("slots", 3)]), true, -1, (1, 0, 0)), HeaderDialect.Draft11));
    }

    private static Decision Decide(PlanModel plan, bool allowed, int deciding, params (long Remaining, long Reset, long Retry)[] results)
    {
        Decision decision = new();
        decision.Reset(Instant.FromUnixMs(FebruaryMs));
        Span<LimitResult> buffer = decision.ResultBuffer(results.Length);
        for (int i = 0; i < results.Length; i++)
        {
            buffer[i] = new LimitResult { LimitIndex = i, Amount = plan.Limits[i].Capacity, Remaining = results[i].Remaining, ResetAfterMs = results[i].Reset, RetryAfterMs = results[i].Retry, Exceeded = results[i].Retry != 0 };
        }
        decision.Decide(plan, allowed ? -1 : deciding);
        return decision;
    }

    private static List<string> Headers(Decision decision, HeaderDialect dialect)
    {
        Sink sink = new([]);
        RateLimitHeaders.Write(decision, dialect, ref sink);
        return sink.Lines;
    }

    private readonly struct Sink(List<string> lines) : IHeaderSink
    {
        public List<string> Lines => lines;

        public void Add(scoped ReadOnlySpan<byte> name, scoped ReadOnlySpan<byte> value) => lines.Add($"{Encoding.ASCII.GetString(name)}: {Encoding.ASCII.GetString(value)}");
    }
}
