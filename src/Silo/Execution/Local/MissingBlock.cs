namespace Quota.Silo.Execution.Local;

/// <summary>The first block of a check that is not resident.</summary>
/// <param name="IsMissing">False: everything is resident.</param>
/// <param name="Limit">The limit whose value block it is, or <see cref="KeyBlock"/>.</param>
/// <param name="Departures">The shard's departures when the block was found missing.</param>
internal readonly record struct MissingBlock(bool IsMissing, int Limit, long Departures)
{
    /// <summary>In place of a limit: the key's own block.</summary>
    public const int KeyBlock = -1;

    public static MissingBlock Of(int limit, Shard shard) => new(true, limit, shard.Departures);
}
