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
    /// <summary>Most plans have no more limits than this; a decision that meets a larger one grows once and keeps its size.</summary>
    private const int ResultsUsual = 4;

    // Small, because thousands of decisions wait for one sync: they are read again afterwards, from the cache if they fit.
    private LimitResult[] _results = new LimitResult[ResultsUsual];
    private int _resultCount;

    public DecisionStatus Status { get; private set; }

    public bool Allowed { get; private set; }

    public DecisionReason Reason { get; private set; }

    public KeyTreatment KeyTreatment { get; internal set; }

    /// <summary>The plan that was applied, if any.</summary>
    public PlanModel? Plan { get; private set; }

    /// <summary>The instant of the decision.</summary>
    public Instant At { get; private set; }

    /// <summary>On a refusal by a limit its index in <see cref="Plan"/>, otherwise -1.</summary>
    public int DecidingLimit { get; private set; } = -1;

    /// <summary>What every limit said that the check touched, in plan order.</summary>
    public ReadOnlySpan<LimitResult> Results => _results.AsSpan(0, _resultCount);

    /// <summary>On <see cref="DecisionStatus.InvalidArgument"/> or <see cref="DecisionStatus.NotFound"/>: the field of the request.</summary>
    public string? ErrorField { get; private set; }

    /// <summary>What is wrong, where there is no decision.</summary>
    public string? ErrorMessage { get; private set; }

    /// <summary>The namespace the check was decided in, once it is known.</summary>
    internal NamespaceModel? Namespace { get; set; }

    /// <summary>The journal position that must be safe before the answer leaves; 0 if it waits for nothing.</summary>
    internal long JournalPosition { get; set; }

    /// <summary>Room for the results of the applicable limits of a plan.</summary>
    internal Span<LimitResult> ResultBuffer(int count)
    {
        if (_results.Length < count)
        {
            _results = new LimitResult[Bounds.LimitsPerPlanMax];
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
        DecidingLimit = -1;
        ErrorField = null;
        ErrorMessage = null;
        Namespace = null;
        JournalPosition = 0;
        _resultCount = 0;
    }

    internal void Decide(PlanModel plan, in GrainVerdict verdict)
    {
        Status = DecisionStatus.Decided;
        Allowed = verdict.Allowed;
        Reason = verdict.Allowed ? DecisionReason.WithinLimits : DecisionReason.LimitExceeded;
        Plan = plan;
        DecidingLimit = verdict.DecidingLimit;
    }

    internal void DecideUnknownKey(bool allowed)
    {
        Status = DecisionStatus.Decided;
        Allowed = allowed;
        Reason = DecisionReason.UnknownKey;
        KeyTreatment = allowed ? KeyTreatment.UnknownAllowed : KeyTreatment.UnknownDenied;
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
        DecidingLimit = -1;
        FailurePolicy policy = Namespace?.OnFailure ?? FailurePolicy.Error;
        if (policy != FailurePolicy.Error)
        {
            Status = DecisionStatus.Decided;
            Reason = DecisionReason.FailurePolicy;
            Allowed = policy == FailurePolicy.Allow;
        }
    }
}
