using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Model;
using Quota.Silo.Catalog;

namespace Quota.Silo.Limiting;

/// <summary>
/// The answer to one check. A protocol owns it, hands it to <see cref="ILimiter.Begin"/> and may read it once
/// <see cref="ILimiter.CompleteAsync"/> has completed; then it may use it again for another check. Used by one check at a time.
/// </summary>
public sealed class Decision
{
    /// <summary>Most plans have no more limits than this; a decision that meets a larger one grows and keeps its size.</summary>
    private const int ResultsUsual = 4;

    // Small, because thousands of decisions wait for one sync: they are read again afterwards, from the cache if they fit.
    private LimitResult[] _results = new LimitResult[ResultsUsual];
    private DecisionLevel[] _above = [];
    private int _resultCount;

    public DecisionStatus Status { get; private set; }

    public bool Allowed { get; private set; }

    public DecisionReason Reason { get; private set; }

    public KeyTreatment KeyTreatment { get; internal set; }

    /// <summary>The plan of the key, if one was applied.</summary>
    public PlanModel? Plan { get; private set; }

    /// <summary>The instant of the decision.</summary>
    public Instant At { get; internal set; }

    /// <summary>On a refusal by a limit its index in <see cref="Results"/>, otherwise -1.</summary>
    public int DecidingResult { get; private set; } = -1;

    /// <summary>What every limit said that the check touched: the key's in plan order, then those of each level above.</summary>
    public ReadOnlySpan<LimitResult> Results => _results.AsSpan(0, _resultCount);

    /// <summary>The first answer to this request id, given again.</summary>
    public bool IsRepeat { get; private set; }

    /// <summary>What was reserved, if the request was a reservation and is allowed.</summary>
    public ReservationHandle Reservation { get; internal set; }

    /// <summary>On <see cref="DecisionStatus.InvalidArgument"/> or <see cref="DecisionStatus.NotFound"/>: the field of the request.</summary>
    public string? ErrorField { get; private set; }

    /// <summary>What is wrong, where there is no decision.</summary>
    public string? ErrorMessage { get; private set; }

    /// <summary>The namespace the check was decided in, once it is known.</summary>
    internal NamespaceModel? Namespace { get; set; }

    /// <summary>The journal position that must be safe before the answer leaves; 0 if it waits for nothing.</summary>
    internal long JournalPosition { get; set; }

    /// <summary>Set if the decision is made elsewhere: the answer to take over once it is there.</summary>
    internal Task<Decision>? Elsewhere { get; set; }

    /// <summary>The limit a result is about.</summary>
    public LimitModel LimitOf(in LimitResult result) => (result.Level == 0 ? Plan! : _above[result.Level - 1].Plan).Limits[result.LimitIndex];

    /// <summary>The plan of a level that results are about.</summary>
    internal PlanModel PlanOf(int level) => level == 0 ? Plan! : _above[level - 1].Plan;

    /// <summary>The key of a level; empty for the key itself (level 0) and for the namespace.</summary>
    public ReadOnlySpan<byte> KeyOf(int level) => level == 0 ? default : _above[level - 1].KeyUtf8;

    /// <summary>Room for results.</summary>
    internal Span<LimitResult> ResultBuffer(int count)
    {
        if (_results.Length < count)
        {
            _results = new LimitResult[Math.Max(count, Bounds.LimitsPerPlanMax)];
        }
        _resultCount = count;
        return _results.AsSpan(0, count);
    }

    internal void Reset(in Instant now)
    {
        Status = DecisionStatus.Pending;
        Allowed = false;
        Reason = DecisionReason.None;
        KeyTreatment = KeyTreatment.None;
        Plan = null;
        At = now;
        DecidingResult = -1;
        IsRepeat = false;
        Reservation = default;
        ErrorField = null;
        ErrorMessage = null;
        Namespace = null;
        JournalPosition = 0;
        Elsewhere = null;
        _resultCount = 0;
    }

    /// <summary>Takes over another decision, which nobody changes any more; it is as safe as it has to be.</summary>
    internal void Adopt(Decision other)
    {
        Elsewhere = null;
        Status = other.Status;
        Allowed = other.Allowed;
        Reason = other.Reason;
        KeyTreatment = other.KeyTreatment;
        Plan = other.Plan;
        At = other.At;
        DecidingResult = other.DecidingResult;
        IsRepeat = other.IsRepeat;
        Reservation = other.Reservation;
        ErrorField = other.ErrorField;
        ErrorMessage = other.ErrorMessage;
        JournalPosition = other.JournalPosition;
        other.Results.CopyTo(ResultBuffer(other._resultCount));
        _above = other._above;
    }

    /// <summary>Decided by limits.</summary>
    /// <param name="plan">The key's plan.</param>
    /// <param name="decidingResult">On a refusal the index of the result that decided, otherwise -1.</param>
    internal void Decide(PlanModel plan, int decidingResult)
    {
        Status = DecisionStatus.Decided;
        Allowed = decidingResult < 0;
        Reason = Allowed ? DecisionReason.WithinLimits : DecisionReason.LimitExceeded;
        if (!ReferenceEquals(Plan, plan))
        {
            Plan = plan;
        }
        DecidingResult = decidingResult;
    }

    /// <summary>Says whose limits the results of a level are about.</summary>
    internal void SetLevel(int level, PlanModel plan, byte[] keyUtf8)
    {
        if (level == 0)
        {
            Plan = plan;
            return;
        }
        if (_above.Length == 0)
        {
            _above = new DecisionLevel[Bounds.LevelsMax - 1];
        }
        _above[level - 1] = new DecisionLevel(plan, keyUtf8);
    }

    /// <summary>An earlier decision, given again: it was made at <paramref name="at"/>.</summary>
    internal void Repeat(PlanModel plan, in Instant at, KeyTreatment treatment)
    {
        Decide(plan, -1);
        At = at;
        KeyTreatment = treatment;
        IsRepeat = true;
    }

    /// <summary>Decided without asking a limit.</summary>
    internal void DecideByPolicy(DecisionReason reason, bool allowed)
    {
        Status = DecisionStatus.Decided;
        Allowed = allowed;
        Reason = reason;
    }

    internal void DecideUnknownKey(bool allowed)
    {
        DecideByPolicy(DecisionReason.UnknownKey, allowed);
        KeyTreatment = allowed ? KeyTreatment.UnknownAllowed : KeyTreatment.UnknownDenied;
    }

    /// <summary>The key, or one above it, is disabled: what its definition says instead of a decision.</summary>
    internal void DecideDisabledKey(bool allowed)
    {
        Status = DecisionStatus.Decided;
        Allowed = allowed;
        Reason = DecisionReason.KeyDisabled;
    }

    internal void Reject(DecisionStatus status, string? field, string message)
    {
        Status = status;
        ErrorField = field;
        ErrorMessage = message;
        Allowed = false;
        _resultCount = 0;
    }

    /// <summary>There is no safe decision: what the namespace's failure policy says instead.</summary>
    internal void Fail(DecisionStatus status, string message)
    {
        Reject(status, null, message);
        JournalPosition = 0;
        DecidingResult = -1;
        IsRepeat = false;
        Reservation = default;
        FailurePolicy policy = Namespace?.OnFailure ?? FailurePolicy.Error;
        if (policy != FailurePolicy.Error)
        {
            DecideByPolicy(DecisionReason.FailurePolicy, policy == FailurePolicy.Allow);
        }
    }

    private readonly record struct DecisionLevel(PlanModel Plan, byte[] KeyUtf8);
}
