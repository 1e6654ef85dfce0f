namespace Quota.Silo.Protocols.Native;

/// <summary>
/// Walks <c>CheckQuotaBatchRequest</c> and <c>StreamQuotaRequest</c>, which differ only in the field the checks are in. The
/// checks themselves are left as bytes, so that a malformed one is its own error and not its neighbours'.
/// </summary>
internal ref struct CheckBatchReader
{
    private const uint CorrelationTag = (1 << 3) | 0;
    private const uint BatchChecksTag = (1 << 3) | 2;
    private const uint StreamChecksTag = (2 << 3) | 2;

    private readonly uint _checksTag;
    private ProtoReader _reader;

    private CheckBatchReader(ReadOnlySpan<byte> message, uint checksTag)
    {
        _reader = new ProtoReader(message);
        _checksTag = checksTag;
    }

    /// <summary>The stream message's correlation id, as far as it was read.</summary>
    public ulong CorrelationId { get; private set; }

    /// <summary>What was malformed, once something was.</summary>
    public readonly string? Failure => _reader.Failure;

    public static CheckBatchReader OverBatch(ReadOnlySpan<byte> message) => new(message, BatchChecksTag);

    public static CheckBatchReader OverStream(ReadOnlySpan<byte> message) => new(message, StreamChecksTag);

    /// <summary>The next check's bytes; false at the end or after a failure.</summary>
    public bool TryReadCheck(out ReadOnlySpan<byte> check)
    {
        while (_reader.TryReadTag(out uint tag))
        {
            if (tag == _checksTag)
            {
                check = _reader.ReadBytes(out _);
                return _reader.Failure is null;
            }
            if (tag == CorrelationTag && _checksTag == StreamChecksTag)
            {
                CorrelationId = _reader.ReadVarint();
            }
            else
            {
                _reader.Skip(tag);
            }
        }
        check = default;
        return false;
    }

    /// <summary>Reads to the end: how many checks there are. A copy of the reader then reads them.</summary>
    public int CountChecks()
    {
        int count = 0;
        while (TryReadCheck(out _))
        {
            count++;
        }
        return count;
    }
}
