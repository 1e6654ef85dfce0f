using System.Numerics;
using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Model;

namespace Quota.Silo.Execution.Local;

/// <summary>One level of a check under way: the key, or one above it.</summary>
internal sealed class CheckLevel
{
    private readonly byte[] _id = new byte[Bounds.GrainIdBytesMax];
    private CostVector _costs;

    /// <summary>The plan that is in force on this level.</summary>
    public PlanModel Plan { get; private set; } = null!;

    /// <summary>The configuration put the key on the plan; otherwise the request did, for this check only.</summary>
    public bool IsPlanConfigured { get; private set; }

    /// <summary>The level's key; empty for the namespace, and for the checked key itself, whose bytes are the request's.</summary>
    public byte[] KeyUtf8 { get; private set; } = [];

    /// <summary>The limits that the check touches.</summary>
    public uint Applicable { get; private set; }

    /// <summary>The costs in the units of the plan.</summary>
    public ref readonly CostVector Costs => ref _costs;

    public Shard Shard { get; private set; } = null!;

    public ulong KeyHash { get; private set; }

    /// <summary>Id of the key's own block.</summary>
    public ReadOnlySpan<byte> KeyId => _id.AsSpan(0, KeyIdLength);

    private int KeyIdLength { get; set; }

    /// <summary>Whether the check touches the key's own block.</summary>
    public bool UsesKeyBlock => Plan.Layout.Usage is not null || (Applicable & ~Plan.PerMask) != 0;

    /// <summary>The key's own block, once found.</summary>
    public int KeyBlock { get; set; }

    /// <summary>Layout of <see cref="KeyBlock"/>: that of the plan, or one that begins with it.</summary>
    public CounterLayout Layout { get; set; } = null!;

    /// <summary>By limit: its block, for limits that count per attribute value.</summary>
    public int[] ValueBlocks { get; } = new int[Bounds.LimitsPerPlanMax];

    /// <summary>Blocks that are looked at in another layout than they have; usually null.</summary>
    public PendingRelayout? Pending { get; set; }

    public GrainVerdict Verdict { get; set; }

    /// <summary>Where the level's results begin.</summary>
    public int FirstResult { get; set; }

    public int ResultCount => BitOperations.PopCount(Applicable);

    /// <summary>The counters, as the shard holds them.</summary>
    public ShardState State => new(Shard, Plan, KeyBlock, ValueBlocks, Pending);

    /// <summary>Begins a check on this level.</summary>
    public void Open(KeyTable table, in GrainCommand command, PlanModel plan, bool isPlanConfigured, byte[] keyUtf8, ReadOnlySpan<byte> key, in CostVector costs)
    {
        Plan = plan;
        IsPlanConfigured = isPlanConfigured;
        KeyUtf8 = keyUtf8;
        _costs = costs;
        Applicable = plan.Applicable(command.Attributes) & plan.Named(costs) & (command.Hold is null ? ~plan.ConcurrencyMask : ~0u);
        KeyIdLength = GrainId.WriteKey(_id, command.Namespace.NameUtf8, key);
        KeyHash = Silo.KeyHash.Compute(KeyId);
        Shard = table.ShardOf(KeyHash);
        KeyBlock = Shard.NotFound;
        Layout = plan.Layout;
        Pending = null;
    }

    /// <summary>Releases what would keep a plan alive.</summary>
    public void Close() => Pending = null;
}
