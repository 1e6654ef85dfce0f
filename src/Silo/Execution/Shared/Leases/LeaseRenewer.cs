namespace Quota.Silo.Execution.Shared.Leases;

/// <summary>
/// Renews leases before they run dry or end, so that checks need not wait for the store: the permits of a lease are raised and its end
/// is put off in the store first, while the silo goes on to spend what it has. Safe for concurrent use: a block is marked under its gate,
/// and the rest is a step like any other.
/// </summary>
internal sealed class LeaseRenewer(LeasedBlocks blocks, StepRunner steps)
{
    /// <summary>Begins to renew those leases of a check that need it. Nobody waits for it, and if it fails the lease ends as it would have.</summary>
    public void Ask(in GrainCommand command)
    {
        foreach (CheckBlock block in CheckOp.FindBlocks(command, []))
        {
            if (blocks.TryBeginRenewal(block, command.Now))
            {
                steps.Submit(new LeaseOp(block, null) { KeyIds = [block.KeyId] });
            }
        }
    }
}
