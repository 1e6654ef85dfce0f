namespace Quota.Silo.Execution.Local;

/// <summary>
/// Blocks as they would be under a plan that only the request names. A refusal or a peek looks at them and forgets them; a check
/// that counts installs them first. Used under the shard's gate.
/// </summary>
internal sealed class PendingRelayout
{
    private readonly List<(int Block, int Layout, byte[] State)> _blocks = [];

    public void Add(int block, int layout, byte[] state) => _blocks.Add((block, layout, state));

    /// <summary>The block's counters as they would be.</summary>
    public Span<byte> State(Shard shard, int block)
    {
        foreach ((int pending, _, byte[] state) in _blocks)
        {
            if (pending == block)
            {
                return state;
            }
        }
        return shard.State(block);
    }

    public void Install(Shard shard)
    {
        foreach ((int block, int layout, byte[] state) in _blocks)
        {
            shard.Relayout(block, layout, state);
        }
    }
}
