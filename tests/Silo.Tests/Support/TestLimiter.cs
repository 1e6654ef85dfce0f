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
/// completes when <see cref="Gate"/> opens; <c>disabled</c> is a disabled key; <c>repeat</c> is told the first answer again;
/// <c>child…</c> has a parent and a namespace with limits of their own, and in <c>child-deny</c> the parent refuses;
/// <c>deep</c> has all levels, and every name as long as it can be. The namespace must be "acme".
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

    /// <summary>A parent's plan, with a unit of its own.</summary>
    public static readonly PlanModel ParentPlan = new("customer", [LimitModel.TokenBucket("tokens", 500, 1_000_000_000, 900, unit: "tokens.in")]);

    /// <summary>Of a plan with the longest names and numbers.</summary>
    public static readonly PlanModel DeepPlan = new(new string('p', Bounds.NameBytesMax), [.. Enumerable.Range(0, 32).Select(i => LimitModel.FixedWindow(new string('l', 60) + (1000 + i), Bounds.AmountMax, 1_000_000_000, LimitMode.Shadow, unit: new string('u', Bounds.UnitBytesMax)))]);

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
        else if (key.StartsWith("disabled"u8))
        {
            decision.DecideByPolicy(DecisionReason.KeyDisabled, allowed: false);
            decision.KeyTreatment = KeyTreatment.Known;
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

    public void Reserve(in CheckRequest request, in ReservationTerms terms, in Instant now, Decision decision)
    {
        Begin(request, now, decision);
        Last += $" ttl={terms.TtlMs}{terms.SettlesWhenExpired switch { true => " settle", false => " cancel", null => "" }}";
        decision.Reservation = decision.Allowed ? new ReservationHandle(UInt128.One, now.WallMs + terms.TtlMs) : default;
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
        for (int i = 0; i < request.Named.Count; i++)
        {
            text.Append($" {Encoding.UTF8.GetString(request.Named.Name(i))}:{request.Named.Units(i)}");
        }
        text.Append(request.IsPeek ? " peek" : "");
        return text.ToString();
    }

    /// <summary>Decides as for this key, for tests of encoders.</summary>
    public static void Decide(ReadOnlySpan<byte> key, Decision decision)
    {
        bool never = key.StartsWith("never"u8);
        bool refused = never || key.StartsWith("deny"u8);
        PlanModel[] levels = key.StartsWith("wide"u8) ? [WidePlan]
            : key.StartsWith("child"u8) ? [Plan, ParentPlan, Plan]
            : key.StartsWith("deep"u8) ? [.. Enumerable.Repeat(DeepPlan, Bounds.LevelsMax)]
            : [Plan];
        byte[] parent = key.StartsWith("deep"u8) ? Encoding.UTF8.GetBytes(new string('k', Bounds.KeyBytesMax)) : "customer-7"u8.ToArray();
        Span<LimitResult> results = decision.ResultBuffer(levels.Sum(l => l.Limits.Length));
        int next = 0;
        for (int level = 0; level < levels.Length; level++)
        {
            bool isRoot = level > 0 && level == levels.Length - 1 && levels[level] != DeepPlan;
            decision.SetLevel(level, levels[level], isRoot ? [] : parent);
            for (int i = 0; i < levels[level].Limits.Length; i++, next++)
            {
                results[next] = new LimitResult { LimitIndex = i, Level = (byte)level, Amount = levels[level].Limits[i].Capacity, Remaining = levels[level].Limits[i].Capacity - 1 - i, ResetAfterMs = 59_999 + i };
            }
        }
        int deciding = refused ? 0 : key.StartsWith("child-deny"u8) ? Plan.Limits.Length : key.StartsWith("deep"u8) ? results.Length - 1 : -1;
        if (deciding >= 0)
        {
            results[deciding].Exceeded = true;
            results[deciding].Remaining = 0;
            results[deciding].RetryAfterMs = never ? LimitResult.Never : 1_001;
        }
        if (key.StartsWith("deep"u8))
        {
            foreach (ref LimitResult result in results)
            {
                result = result with { Exceeded = true, RetryAfterMs = LimitResult.Never, Remaining = Bounds.AmountMax, ResetAfterMs = long.MaxValue / 2 };
            }
        }
        decision.Decide(levels[0], deciding);
        decision.KeyTreatment = KeyTreatment.Known;
        if (key.StartsWith("repeat"u8))
        {
            decision.Repeat(levels[0], Instant.FromUnixMs(NowMs - 5_000), KeyTreatment.Known);
        }
    }
}
