using Quota.Silo.Execution.Local;

namespace Quota.Silo.Execution.Shared;

/// <summary>A step that is no check.</summary>
/// <param name="body">Runs the step on the bench; its value is the result if every block it asked for was there.</param>
/// <param name="fault">Makes the result of a step that came to nothing.</param>
/// <param name="continuations">How whoever waits goes on.</param>
internal sealed class StepOp<TResult>(Func<Workbench, TResult> body, Func<StepFault, TResult> fault, TaskCreationOptions continuations) : StoreOp
{
    /// <summary>Per key: two months, a reservation, a request id, counters of attribute values.</summary>
    private const int OtherBlocksUsual = 8;

    private readonly TaskCompletionSource<TResult> _done = new(continuations);
    private TResult _result = default!;

    public Task<TResult> Result => _done.Task;

    public override bool NeedsFresh => true;

    public override bool IsRefused => false;

    public override IReadOnlyList<byte[]> Predicted => KeyIds;

    public override int OtherBlocks => OtherBlocksUsual * KeyIds.Count;

    public override void Run(Workbench bench) => _result = body(bench);

    public override void Complete() => _done.TrySetResult(_result);

    public override void Fail(StepFault cause) => _done.TrySetResult(fault(cause));
}
