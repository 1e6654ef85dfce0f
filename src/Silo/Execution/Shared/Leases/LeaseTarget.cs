namespace Quota.Silo.Execution.Shared.Leases;

/// <summary>A block whose leases a batch looks after: what is to become of them, and what did.</summary>
internal sealed class LeaseTarget(CheckBlock block)
{
    private readonly long[] _costSums = new long[Contracts.Bounds.UnitsMax];
    private readonly long[] _costMax = new long[Contracts.Bounds.UnitsMax];
    private long _checks;

    public CheckBlock Block { get; private set; } = block;

    public byte[] BookId { get; } = LeaseBook.IdOf(block.Id);

    /// <summary>The checks of the batch that count on the block.</summary>
    public List<CheckOp> Checks { get; } = [];

    /// <summary>The silo's own lease on it, which goes on; 0 if there is none.</summary>
    public long LiveId { get; set; }

    /// <summary>The silo's own lease on it, which is to be settled.</summary>
    public LeaseSnapshot? Closing { get; set; }

    /// <summary>A lease is worth it.</summary>
    public bool IsWanted { get; set; }

    /// <summary>The book is to be read even if there is nothing of this silo to be settled.</summary>
    public bool IsForced { get; set; }

    /// <summary>The lease that goes on is to be renewed.</summary>
    public bool IsRenewal { get; set; }

    /// <summary>The lease that was granted or renewed; null if none was.</summary>
    public LeaseEntry? Granted { get; set; }

    /// <summary>By place of the limit: what the grain has, as of the grant or the refusal.</summary>
    public Dictionary<int, GrainLevel> Levels { get; } = [];

    /// <summary>Adds a check of the batch.</summary>
    public void Add(CheckOp op, CheckBlock block)
    {
        // The latest plan counts.
        Block = block;
        Checks.Add(op);
        _checks++;
        for (int unit = 0; unit < _costSums.Length; unit++)
        {
            long cost = Math.Max(0, block.Costs[unit]);
            _costSums[unit] += cost;
            _costMax[unit] = Math.Max(_costMax[unit], cost);
        }
    }

    /// <summary>What a check costs on average, in a unit of the plan; at least 1.</summary>
    public long CostUsual(int unit) => Math.Max(1, _costSums[unit] / Math.Max(1, _checks));

    /// <summary>What the dearest check costs.</summary>
    public long CostMax(int unit) => Math.Max(1, _costMax[unit]);

    /// <summary>What a grain said about a limit.</summary>
    /// <param name="Amount">The most it admits now.</param>
    /// <param name="Left">What it has left for others.</param>
    /// <param name="ResetAtNs">When it has its whole amount again, on the window scale.</param>
    /// <param name="Granted">Permits of the lease.</param>
    internal readonly record struct GrainLevel(long Amount, long Left, long ResetAtNs, long Granted);
}
