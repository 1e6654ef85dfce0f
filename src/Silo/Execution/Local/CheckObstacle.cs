namespace Quota.Silo.Execution.Local;

/// <summary>What keeps a check from being decided in memory; it is cleared outside the gates, and the check tried again.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Level">The level it is on.</param>
/// <param name="Limit">The limit whose value block is missing.</param>
/// <param name="Departures">The shard's departures when a block was found missing.</param>
internal readonly record struct CheckObstacle(CheckObstacle.Kinds Kind, int Level, int Limit, long Departures)
{
    public enum Kinds
    {
        /// <summary>There is none: the check is decided.</summary>
        None,

        /// <summary>The key's own block is not resident.</summary>
        KeyBlock,

        /// <summary>The block of a limit that counts per attribute value is not resident.</summary>
        ValueBlock,

        /// <summary>The usage section has to be moved into its month.</summary>
        UsageDue,

        /// <summary>It is not known whether there is a record (<see cref="CheckScratch.Wanted"/>).</summary>
        Record,
    }

    public bool Exists => Kind != Kinds.None;
}
