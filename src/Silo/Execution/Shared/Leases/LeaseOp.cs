using Quota.Silo.Execution.Local;

namespace Quota.Silo.Execution.Shared.Leases;

/// <summary>Looks after the leases of one block when no check does: settles what has ended or is lost, or renews what is live.</summary>
/// <param name="block">The block.</param>
/// <param name="done">Told whether it was settled; null to have the silo's lease on it renewed.</param>
internal sealed class LeaseOp(CheckBlock block, TaskCompletionSource<bool>? done) : StoreOp
{
    public CheckBlock Block => block;

    public bool IsRenewal => done is null;

    public override bool NeedsFresh => true;

    public override bool IsRefused => false;

    public override IReadOnlyList<byte[]> Predicted { get; } = [block.Id, LeaseBook.IdOf(block.Id)];

    /// <summary>A month, or two.</summary>
    public override int OtherBlocks => 2;

    public override void Run(Workbench bench)
    {
        // What there is to do is done for all blocks of the batch at once.
    }

    public override void Complete() => done?.TrySetResult(true);

    public override void Fail(StepFault fault) => done?.TrySetResult(false);
}
