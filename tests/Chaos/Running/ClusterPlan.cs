namespace Quota.Chaos.Running;

/// <summary>Which silos there are, and what they share.</summary>
/// <param name="Folder">Of all silos' data, configurations and logs.</param>
/// <param name="Set">Silos with the same share their keys.</param>
/// <param name="Namespaces">The configuration but for its server section.</param>
internal sealed record ClusterPlan(string Folder, string Set, string Namespaces)
{
    /// <summary>Null for one silo by itself. Belongs to whoever started it.</summary>
    public ChaosStore? Store { get; init; }

    /// <summary><see cref="SiloProgram.Shared"/> or <see cref="SiloProgram.Orleans"/>; nothing to a silo by itself.</summary>
    public string Executor { get; init; } = SiloProgram.Shared;

    /// <summary>One per silo: how far its wall clock is ahead of the machine's.</summary>
    public double[] ClocksAheadSeconds { get; init; } = [0, 0, 0];

    /// <summary>How many of them are started at first.</summary>
    public int StartedAtFirst { get; init; } = int.MaxValue;

    /// <summary>
    /// Whether one more silo, which nobody asks and no fault hits, keeps the membership: for Orleans on PostgreSQL, where Orleans' own
    /// tables would first have to be made with the scripts that come with Orleans.
    /// </summary>
    public bool HasKeeper => Executor == SiloProgram.Orleans && Store is { IsPostgres: true };
}
