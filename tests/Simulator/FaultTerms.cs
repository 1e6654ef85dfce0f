namespace Quota.Simulator;

/// <summary>What goes wrong, and how often, while requests come in.</summary>
internal sealed class FaultTerms
{
    public FaultTerms(World world)
    {
        Crashes = world.Chance(0.5) ? (int)world.Between(1, 4) : 0;
        Pauses = world.Chance(0.4) ? (int)world.Between(1, 3) : 0;
        Partitions = world.Chance(0.3) ? (int)world.Between(1, 3) : 0;
        Outages = world.Chance(0.15) ? 1 : 0;
        Throttles = world.Chance(0.2) ? 1 : 0;
        ClockSteps = world.Chance(0.25) ? (int)world.Between(1, 3) : 0;
        SkewNs = world.Chance(0.4) ? world.Between(0, 1_000_000_000) : 0;
        FollowsClocks = world.Chance(0.5);
        Checkpoints = world.Chance(0.5) ? (int)world.Between(1, 8) : 0;
        LosesSilo = world.Chance(0.15);
        ChangesPlans = world.Chance(0.25);
    }

    public int Crashes { get; }

    public int Pauses { get; }

    public int Partitions { get; }

    public int Outages { get; }

    public int Throttles { get; }

    public int ClockSteps { get; }

    /// <summary>Wall clocks are off by up to this much, either way.</summary>
    public long SkewNs { get; }

    /// <summary>Silos follow the fastest clock among them; otherwise they never hear of each other.</summary>
    public bool FollowsClocks { get; }

    public int Checkpoints { get; }

    /// <summary>One silo dies and never comes back.</summary>
    public bool LosesSilo { get; }

    public bool ChangesPlans { get; }
}
