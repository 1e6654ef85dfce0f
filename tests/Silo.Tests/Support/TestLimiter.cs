using System.Collections.Concurrent;
using System.Text;
using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Calendar;
using Quota.Grains.Model;
using Quota.Silo.Limiting;

namespace Quota.Silo.Tests.Support;

/// <summary>
/// A limiter that decides by what the request says, so that the layers above can be tested alone. Keys: <c>deny…</c> is refused
/// by the limit "burst"; <c>never…</c> can never fit; <c>unknown</c> and <c>unknown-denied</c> are unknown keys;
/// <c>unavailable</c>, <c>overloaded</c> have no decision; <c>throw</c> throws; <c>wide…</c> has 32 limits; <c>gate…</c>
/// completes when <see cref="Gate"/> opens. The namespace must be "acme".
/// </summary>
internal sealed class TestLimiter : ILimiter
{
    public const long NowMs = 1_700_000_000_000;

    public static readonly PlanModel Plan = new("gold",
    [
        LimitModel.SlidingWindow("burst", 100, 60_000_000_000),
        LimitModel.Quota("month", 10_000, new CalendarRule(CalendarUnit.Month)),
        LimitModel.FixedWindow("trial", 7, 1_000_000_000, LimitMode.Shadow),
    ]);

    public static readonly PlanModel WidePlan = new("wide", [.. Enumerable.Range(0, 32).Select(i => LimitModel.FixedWindow(new string((char)('a' + (i % 26)), 60) + i, Bounds.AmountMax, 1_000_000_000))]);

    private readonly ConcurrentDictionary<Decision, bool> _gated = new();
    private int _begun;

    /// <summary>What gated checks wait for.</summary>
    public TaskCompletionSource Gate { get; set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>The last request, as text, for tests that send one at a time.</summary>
    public string? Last { get; private set; }

    public int Begun => Volatile.Read(ref _begun);

    public Instant Now() => Instant.FromUnixMs(NowMs);

    public void Begin(in CheckRequest request, in Instant now, Decision decision)
    {
        decision.Reset(now);
        ReadOnlySpan<byte> key = request.Key;
        if (!request.Namespace.SequenceEqual("acme"u8))
        {
            decision.Reject(request.Namespace.IsEmpty ? DecisionStatus.InvalidArgument : DecisionStatus.NotFound, "namespace", request.Namespace.IsEmpty ? "must be 1 to 64 bytes, was 0" : "there is no namespace of this name");
        }
        else if (key.Length is < 1 or > Bounds.KeyBytesMax)
        {
            decision.Reject(DecisionStatus.InvalidArgument, "key", $"must be 1 to 256 bytes, was {key.Length}");
        }
        else if (key.StartsWith("throw"u8))
        {
            throw new InvalidOperationException("as asked");
        }
        else if (key.StartsWith("unavailable"u8))
        {
            decision.Reject(DecisionStatus.Unavailable, null, "the journal has failed: 100 % full, tschüss");
        }
        else if (key.StartsWith("overloaded"u8))
        {
            decision.Reject(DecisionStatus.Overloaded, null, "too much to do");
        }
        else if (key.StartsWith("unknown"u8))
        {
            decision.DecideUnknownKey(allowed: !key.StartsWith("unknown-denied"u8));
        }
        else
        {
            Decide(key, decision);
        }
        if (key.StartsWith("gate"u8))
        {
            _gated[decision] = true;
        }
        if (!key.StartsWith("quiet"u8))
        {
            Last = Describe(request);
        }
        Interlocked.Increment(ref _begun);
    }

    public ValueTask CompleteAsync(Decision decision) =>
        _gated.TryRemove(decision, out _) ? new ValueTask(Gate.Task) : default;

    /// <summary>A request in one line.</summary>
    public static string Describe(in CheckRequest request)
    {
        StringBuilder text = new();
        text.Append($"{Encoding.UTF8.GetString(request.Namespace)}/{Encoding.UTF8.GetString(request.Key)} cost={request.Cost} plan={Encoding.UTF8.GetString(request.Plan)} id={Encoding.UTF8.GetString(request.RequestId)} attributes={request.Attributes.Count}");
        foreach (string name in (string[])["route", "method", "a", "b", "ä"])
        {
            if (request.Attributes.TryGet(Encoding.UTF8.GetBytes(name), out ReadOnlySpan<byte> value))
            {
                text.Append($" {name}={Encoding.UTF8.GetString(value)}");
            }
        }
        return text.ToString();
    }

    /// <summary>Decides as for this key, for tests of encoders.</summary>
    public static void Decide(ReadOnlySpan<byte> key, Decision decision)
    {
        bool never = key.StartsWith("never"u8);
        bool refused = never || key.StartsWith("deny"u8);
        PlanModel plan = key.StartsWith("wide"u8) ? WidePlan : Plan;
        Span<LimitResult> results = decision.ResultBuffer(plan.Limits.Length);
        for (int i = 0; i < results.Length; i++)
        {
            results[i] = new LimitResult { LimitIndex = i, Remaining = plan.Limits[i].Capacity - 1 - i, ResetAfterMs = 59_999 + i };
        }
        if (refused)
        {
            results[0].Exceeded = true;
            results[0].Remaining = 0;
            results[0].RetryAfterMs = never ? LimitResult.Never : 1_001;
        }
        decision.Decide(plan, new GrainVerdict(!refused, refused ? 0 : -1, refused ? 0 : plan.AllMask));
        decision.KeyTreatment = KeyTreatment.Known;
    }
}
