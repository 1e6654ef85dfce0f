namespace Quota.Silo.Replay;

/// <summary>What became of the lines of the log.</summary>
/// <param name="Read">All lines.</param>
/// <param name="Malformed">Lines that are not in the common or combined format, or too long.</param>
/// <param name="WithoutKey">Lines with nothing in the place the key is taken from.</param>
/// <param name="OutOfOrder">Lines earlier than one before them of the same key; decided at the key's latest instant.</param>
/// <param name="CutValues">Keys and attribute values longer than a request may have; cut.</param>
/// <param name="FirstMalformed">The first malformed lines.</param>
public sealed record ReplayLines(
    long Read, long Malformed, long WithoutKey, long OutOfOrder, long CutValues, IReadOnlyList<MalformedLine> FirstMalformed);
