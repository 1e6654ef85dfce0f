using Quota.Grains;

namespace Quota.Silo.Execution.Local;

/// <summary>
/// How many request ids and open reservations a key has, where not all of them are in memory to be counted there. Used under the
/// gates of the keys' shards.
/// </summary>
internal interface IRecordTally
{
    /// <summary>What a key has. False if its own block has to be made available first; then the step is run again.</summary>
    bool TryCount(ReadOnlySpan<byte> owner, ReadOnlySpan<byte> key, in Instant now, out long requests, out long reservations);

    /// <summary>Takes note of a request id or reservation that comes or changes, or of a key's own block that is deleted.</summary>
    /// <param name="id">The block's id.</param>
    /// <param name="before">Its state until now; empty if it is new.</param>
    /// <param name="after">Its state from now on.</param>
    /// <param name="now">The instant of the step.</param>
    void Note(ReadOnlySpan<byte> id, ReadOnlySpan<byte> before, ReadOnlySpan<byte> after, in Instant now);
}
