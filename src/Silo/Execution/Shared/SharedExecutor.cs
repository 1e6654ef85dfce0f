using Quota.Silo.Limiting;

namespace Quota.Silo.Execution.Shared;

/// <summary>
/// The executor of a silo that shares its keys with others: every check is decided in the store, by whoever wins its conditional
/// save (<see cref="BatchRunner"/> has the safety argument). Safe for concurrent use.
/// </summary>
internal sealed class SharedExecutor(StepRunner steps, SharedRuntime runtime) : IGrainExecutor
{
    public void Begin(in GrainCommand command, Decision decision)
    {
        var op = CheckOp.Of(command, decision.KeyTreatment, runtime.Continuations);
        decision.Elsewhere = op.Result;
        steps.Submit(op);
    }

    public async ValueTask CompleteAsync(Decision decision)
    {
        if (decision.Elsewhere is { } elsewhere)
        {
            decision.Adopt(await elsewhere.ConfigureAwait(false));
        }
    }
}
