using Quota.Silo.Execution.Local;
using Quota.Silo.Limiting;

namespace Quota.Silo.Execution.Shared;

/// <summary>The way to the shared store: takes steps, puts them into batches, has them worked on. Safe for concurrent use.</summary>
internal sealed class StepRunner
{
    private readonly BatchRunner _runner;
    private readonly OpScheduler _scheduler;
    private readonly SharedRuntime _runtime;

    public StepRunner(BatchRunner runner, SharedRuntime runtime)
    {
        _runner = runner;
        _runtime = runtime;
        _scheduler = new OpScheduler(batch => runtime.Post(() => _ = WorkAsync(batch)), runner.BlocksMax);
    }

    /// <summary>Takes a step; one that there is no room for fails at once.</summary>
    public void Submit(StoreOp op)
    {
        op.SubmittedAt = _runtime.Time.GetTimestamp();
        if (!_scheduler.TrySubmit(op))
        {
            op.Fail(new StepFault(DecisionStatus.Overloaded, null, "too many steps wait for the store"));
        }
    }

    /// <summary>Runs a step that is no check.</summary>
    /// <param name="keyIds">Ids of the own blocks of its keys, as far as they are known.</param>
    /// <param name="body">The step; what it returns counts once it is kept.</param>
    /// <param name="fault">The result of a step that came to nothing.</param>
    public Task<TResult> RunAsync<TResult>(IEnumerable<byte[]> keyIds, Func<Workbench, TResult> body, Func<StepFault, TResult> fault)
    {
        var op = new StepOp<TResult>(body, fault, _runtime.Continuations) { KeyIds = [.. keyIds] };
        Submit(op);
        return op.Result;
    }

    private async Task WorkAsync(StoreBatch batch)
    {
        IReadOnlyCollection<StoreOp> again = [];
        try
        {
            again = await _runner.RunAsync(batch).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            // A broken invariant: whoever waits must not wait for ever, and the process reports it where they are answered.
            foreach (StoreOp op in batch.Ops)
            {
                op.Fail(new StepFault(DecisionStatus.Unavailable, null, $"the step failed: {e.Message}"));
            }
        }
        _scheduler.Finish(batch, again);
    }
}
