namespace Quota.Simulator;

/// <summary>A process of a silo from its start to its death: what belongs to it neither happens while it is paused nor after it is dead.</summary>
internal sealed class Process
{
    public bool IsPaused { get; set; }

    public bool IsDead { get; set; }

    /// <summary>What would have happened while it was paused.</summary>
    public List<Action> Held { get; } = [];
}
