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
internal sealed class SharedExecutor(StepRunner steps, SharedRuntime runtime, LeaseParts? leases) : IGrainExecutor
{
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

    private async ValueTask AdoptAsync(Decision decision, Task<Decision> elsewhere)
    {
        decision.Adopt(await elsewhere.ConfigureAwait(false));
        if (decision.JournalPosition != 0)
        {
            await _wait!.CompleteAsync(decision).ConfigureAwait(false);
        }
    }
}
