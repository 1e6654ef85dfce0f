using Quota.Contracts;
using Quota.Silo.Execution.Local;
using Quota.Silo.Execution.Shared.Leases;
using Quota.Silo.Limiting;

namespace Quota.Silo.Execution.Shared;

/// <summary>
/// The executor of a silo that shares its keys with others: what a lease covers is decided here (<see cref="LeaseFront"/>), everything
/// else in the store, by whoever wins its conditional save (<see cref="BatchRunner"/>). Both have the safety arguments. Safe for
/// concurrent use.
/// </summary>
/// <param name="steps">The way to the store.</param>
/// <param name="runtime">Surroundings.</param>
/// <param name="leases">This silo's leases; null if it takes none.</param>
/// <param name="timeoutMs">How long one call to the store may take.</param>
internal sealed class SharedExecutor(StepRunner steps, SharedRuntime runtime, LeaseParts? leases, int timeoutMs) : IGrainExecutor
{
    private readonly TimeSpan _patience = TimeSpan.FromMilliseconds(timeoutMs + Bounds.SharedMarginMs);
    private readonly JournalWait? _wait = leases is null ? null : new JournalWait(leases.Journal);

    /// <summary>Decides a check from leases alone; false, and nothing has happened, if they do not suffice.</summary>
    public bool TryBegin(in GrainCommand command, Decision decision)
    {
        if (leases is null || !LeaseFront.IsEligible(command))
        {
            return false;
        }
        if (leases.Front.TryDecide(command, decision))
        {
            return true;
        }
        // What the front looked at is not the answer.
        decision.ResultBuffer(0);
        return false;
    }

    public void Begin(in GrainCommand command, Decision decision)
    {
        if (leases is not null && SelfTestNamespace.Is(command.Namespace))
        {
            // What warms a silo up is nobody else's business.
            leases.Own.Begin(command, decision);
            return;
        }
        if (TryBegin(command, decision))
        {
            return;
        }
        var op = CheckOp.Of(command, decision.KeyTreatment, runtime.Continuations);
        if (leases is not null && op.IsLeasable)
        {
            leases.Desk.Note(op, command.Now.WindowNs);
        }
        decision.Elsewhere = op.Result;
        steps.Submit(op);
    }

    public ValueTask CompleteAsync(Decision decision) =>
        decision.Elsewhere is { } elsewhere ? AdoptAsync(decision, elsewhere) : _wait?.CompleteAsync(decision) ?? default;

    /// <summary>
    /// Takes over the decision. Nobody waits for it longer than for one call to the store, however many steps on its keys are before it: what
    /// is decided later is counted, and is not known to the caller, as if the answer had been lost.
    /// </summary>
    private async ValueTask AdoptAsync(Decision decision, Task<Decision> elsewhere)
    {
        try
        {
            decision.Adopt(await elsewhere.WaitAsync(_patience, runtime.Time).ConfigureAwait(false));
        }
        catch (TimeoutException)
        {
            decision.Elsewhere = null;
            decision.Fail(DecisionStatus.Unavailable, $"no decision of the shared store within {_patience.TotalMilliseconds:0} ms; whether it was counted is not known");
            return;
        }
        if (decision.JournalPosition != 0)
        {
            await _wait!.CompleteAsync(decision).ConfigureAwait(false);
        }
    }
}
