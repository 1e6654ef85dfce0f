using System.Globalization;
using Quota.Grains;
using Quota.Silo.Limiting;

namespace Quota.Silo.Tests.Support;

/// <summary>
/// Operations that record what they were asked and answer by the key, so that the protocols can be tested alone: <c>gone</c> is
/// not found, <c>ended</c> does not fit the state of things, <c>full</c> is refused by a parent's limit, <c>repeat</c> is told the
/// first answer again.
/// </summary>
internal sealed class RecordingOperations(TestLimiter limiter) : IGrainOperations
{
    public static readonly UInt128 Id = UInt128.Parse("00ff00000000000000000000000000ab", NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    /// <summary>The last input, as text.</summary>
    public string? Last { get; private set; }

    public ValueTask<Outcome<Settlement>> SettleAsync(SettleInput input)
    {
        bool full = input.Key == "full";
        return AnswerAsync(input, Text(input.Costs), new Settlement(!full, full ? "tokens" : "", full ? "customer-7" : "", input.Costs, input.Key == "repeat", Limits(), limiter.Now()));
    }

    public ValueTask<Outcome<Cancellation>> CancelAsync(ReservationInput input) =>
        AnswerAsync(input, "", new Cancellation(new Dictionary<string, long> { ["requests"] = 1, ["tokens.in"] = 500 }, input.Key == "repeat"));

    public ValueTask<Outcome<Extension>> ExtendAsync(ExtendInput input)
    {
        Decision decision = WireDecision(input.Key == "full" ? "child-deny" : "k");
        return AnswerAsync(input, $"ttl={input.TtlMs} {Text(input.AddCosts)}", new Extension(decision, new ReservationHandle(Id, TestLimiter.NowMs + 60_000)));
    }

    public ValueTask<Outcome<Refunded>> RefundAsync(RefundInput input)
    {
        string text = $"{input.Namespace}/{input.Key} {Text(input.Costs)} id={input.RequestId} plan={input.Plan} at={input.DecidedAtMs} why={input.Reason} [{string.Join(",", input.Attributes.Select(a => $"{a.Key}={a.Value}"))}]";
        return AnswerAsync(new ReservationInput(input.Namespace, input.Key, ""), text, new Refunded(input.Costs, input.Key == "full", "2026-10", input.Key == "repeat", Limits(), limiter.Now()), text);
    }

    public ValueTask<Outcome<Explanation>> ExplainAsync(in CheckRequest request, Decision decision)
    {
        limiter.Begin(request, limiter.Now(), decision);
        Last = TestLimiter.Describe(request);
        return new(decision.Status != DecisionStatus.Decided
            ? Outcome<Explanation>.Failed(decision.Status, decision.ErrorField, decision.ErrorMessage!)
            : Outcome<Explanation>.Done(new Explanation(
            [
                new ExplainedLevel("k", TestLimiter.Plan, [new ExplainedLimit(TestLimiter.Plan.Limits[1], true, "it has no conditions", 12_000, 4_500, 1, 2, 2_000, 30), new ExplainedLimit(TestLimiter.Plan.Limits[2], false, "route is not /a", 7, 9, 0, 0, 0, 0)]),
                new ExplainedLevel("", TestLimiter.ParentPlan, [new ExplainedLimit(TestLimiter.ParentPlan.Limits[0], true, "the check names tokens.in", 900, 1, 0, 0, 0, 0)]),
            ])));
    }

    private static Decision WireDecision(string key) => Protocols.WireGoldenTests.Decided(key);

    private static string Text(IReadOnlyDictionary<string, long> costs) => string.Join(" ", costs.OrderBy(c => c.Key, StringComparer.Ordinal).Select(c => $"{c.Key}:{c.Value}"));

    private static LimitLevel[] Limits() =>
    [
        new LimitLevel(TestLimiter.Plan.Limits[0], "", new LimitResult { Amount = TestLimiter.Plan.Limits[0].Capacity, Remaining = 99, ResetAfterMs = 60_000 }),
        new LimitLevel(TestLimiter.ParentPlan.Limits[0], "customer-7", new LimitResult { Level = 1, Amount = TestLimiter.ParentPlan.Limits[0].Capacity, Exceeded = true, RetryAfterMs = 5, ResetAfterMs = 10 }),
    ];

    private ValueTask<Outcome<TValue>> AnswerAsync<TValue>(ReservationInput input, string more, TValue value, string? text = null)
        where TValue : class
    {
        Last = text ?? $"{input.Namespace}/{input.Key} {input.ReservationId} {more}".TrimEnd();
        return new(input.Key switch
        {
            "gone" => Outcome<TValue>.Failed(DecisionStatus.NotFound, "reservation_id", "the key has no such reservation"),
            "ended" => Outcome<TValue>.Failed(DecisionStatus.FailedPrecondition, "reservation_id", "was cancelled"),
            _ => Outcome<TValue>.Done(value),
        });
    }
}
