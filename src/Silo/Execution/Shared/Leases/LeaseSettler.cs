namespace Quota.Silo.Execution.Shared.Leases;

/// <summary>Settles leases of this silo now, whether or not they have ended. Safe for concurrent use: it has no state of its own.</summary>
internal sealed class LeaseSettler(LeaseDesk desk, StepRunner steps, SharedRuntime runtime)
{
    /// <summary>Leases that are settled at once: what the store takes in one go.</summary>
    private const int SettlesAtOnce = 256;

    /// <summary>Settles what this silo holds of one key's own block.</summary>
    public async Task SettleAsync(byte[] keyId)
    {
        if (desk.Find(keyId) is { } block)
        {
            await SettleAsync([block]).ConfigureAwait(false);
        }
    }

    /// <summary>Settles what this silo holds of all blocks of a key, and saves what it has noted of refusals.</summary>
    public Task SettleKeyAsync(byte[] keyId) => SettleAsync(desk.AllOf(keyId));

    /// <summary>Settles these leases. What cannot be settled now stays as it is.</summary>
    public async Task SettleAsync(IEnumerable<CheckBlock> blocks)
    {
        foreach (CheckBlock[] some in blocks.Chunk(SettlesAtOnce))
        {
            await Task.WhenAll(some.Select(SettleOneAsync)).ConfigureAwait(false);
        }
    }

    /// <summary>Settles everything this silo holds.</summary>
    /// <returns>Whether all of it could be settled.</returns>
    public async Task<bool> SettleAllAsync()
    {
        bool isAll = true;
        foreach (CheckBlock[] some in desk.All().Chunk(SettlesAtOnce))
        {
            isAll &= (await Task.WhenAll(some.Select(SettleOneAsync)).ConfigureAwait(false)).All(isSettled => isSettled);
        }
        return isAll;
    }

    private Task<bool> SettleOneAsync(CheckBlock block)
    {
        var done = new TaskCompletionSource<bool>(runtime.Continuations);
        // Without a plan, so that a lease that has not ended is settled as well.
        steps.Submit(new LeaseOp(block with { Plan = null }, done) { KeyIds = [block.KeyId] });
        return done.Task;
    }
}
