using Quota.Grains.Model;

namespace Quota.Silo.Replay;

/// <summary>What a replay decides with and what it keeps for the report.</summary>
public sealed record ReplayOptions
{
    /// <summary>The plan that every key is put on.</summary>
    public required PlanModel Plan { get; init; }

    public ReplayKeySource Key { get; init; } = ReplayKeySource.Ip;

    /// <summary>A request costs the bytes of its answer instead of 1.</summary>
    public bool CostIsBytes { get; init; }

    /// <summary>Lines are decided in the order of their times instead of the order of the files.</summary>
    public bool Sort { get; init; }

    /// <summary>Most refused keys listed.</summary>
    public int Top { get; init; } = 10;

    /// <summary>First refusals listed.</summary>
    public int Denials { get; init; } = 10;

    /// <summary>First malformed lines listed.</summary>
    public int Malformed { get; init; } = 5;
}
