using System.Buffers.Binary;
using Quota.Contracts;
using Quota.Grains;

namespace Quota.Silo.Journal;

/// <summary>Reads frames from one segment file through a window of memory: every byte is read once or twice, in large pieces.</summary>
internal sealed class SegmentReader : IDisposable
{
    private readonly SegmentEntry _segment;
    private readonly IJournalFile _file;
    private readonly uint _seed;
    private readonly byte[] _window;
    private readonly int _readAheadBytes;
    private long _windowStart;
    private int _windowBytes;

    /// <param name="files">The directory.</param>
    /// <param name="segment">The segment.</param>
    /// <param name="seed">What checksums start from.</param>
    /// <param name="window">Lent until this is disposed; at least one frame.</param>
    /// <param name="readAheadBytes">Read at least this much at once: much to read on, little to look at one frame.</param>
    public SegmentReader(IJournalFiles files, SegmentEntry segment, uint seed, byte[] window, int readAheadBytes)
    {
        Invariant.Check(window.Length >= Bounds.JournalFrameBytesMax && readAheadBytes <= window.Length);
        _segment = segment;
        _seed = seed;
        _window = window;
        _readAheadBytes = readAheadBytes;
        _file = files.Open(segment.Name);
    }

    public void Dispose() => _file.Dispose();

    /// <summary>Whether an intact frame begins at the offset. The payload is valid until the next call.</summary>
    public bool TryRead(long offset, out FrameHeader header, out ReadOnlySpan<byte> payload)
    {
        header = default;
        payload = default;
        ReadOnlySpan<byte> bytes = View(offset, FrameHeader.Bytes);
        if (bytes.Length < FrameHeader.Bytes)
        {
            return false;
        }
        header = FrameHeader.Read(bytes);
        if (!IsPlausible(offset, header))
        {
            return false;
        }
        int frameBytes = FrameHeader.Bytes + header.PayloadBytes;
        bytes = View(offset, frameBytes);
        if (bytes.Length < frameBytes)
        {
            return false;
        }
        bytes = bytes[..frameBytes];
        payload = bytes[FrameHeader.Bytes..];
        return FrameHeader.IsIntact(bytes, _seed) && header.IsWellFormed(payload);
    }

    /// <summary>Finds the first intact frame at the offset or after it.</summary>
    public bool TryFind(long offset, out FrameHeader header)
    {
        while (true)
        {
            ReadOnlySpan<byte> bytes = View(offset, FrameHeader.Bytes);
            if (bytes.Length < FrameHeader.Bytes)
            {
                header = default;
                return false;
            }
            int scanned = DistanceToCandidate(offset, bytes);
            offset += scanned;
            if (scanned <= bytes.Length - FrameHeader.Bytes)
            {
                if (TryRead(offset, out header, out _))
                {
                    return true;
                }
                offset += FrameHeader.Alignment;
            }
        }
    }

    /// <summary>Bytes of the frame that was begun at the offset, if it looks as if one was; it need not be intact.</summary>
    public long BegunBytes(long offset)
    {
        ReadOnlySpan<byte> bytes = View(offset, FrameHeader.Bytes);
        if (bytes.Length < FrameHeader.Bytes)
        {
            return 0;
        }
        FrameHeader header = FrameHeader.Read(bytes);
        return IsPlausible(offset, header) ? header.End - header.Lsn : 0;
    }

    private int DistanceToCandidate(long offset, ReadOnlySpan<byte> bytes)
    {
        long lsn = Lsn.Of(_segment.Number, offset);
        int distance = 0;
        for (; distance <= bytes.Length - FrameHeader.Bytes; distance += FrameHeader.Alignment)
        {
            if (BinaryPrimitives.ReadInt64LittleEndian(bytes[(distance + FrameHeader.LsnOffset)..]) == lsn + distance)
            {
                break;
            }
        }
        return distance;
    }

    private bool IsPlausible(long offset, FrameHeader header) =>
        header.Lsn == Lsn.Of(_segment.Number, offset)
        && header.PayloadBytes >= 0 && header.PayloadBytes <= Bounds.JournalFrameBytesMax - FrameHeader.Bytes
        && offset + FrameHeader.Bytes + header.PayloadBytes <= _segment.LimitBytes
        && header.Kind is FrameKind.Records or FrameKind.Opening or FrameKind.Closing
        && header.Durable >= 0 && header.Durable <= header.Lsn
        && (offset == SegmentHeader.Bytes ? header.PreviousEnd >= 0 && header.PreviousEnd < header.Lsn : header.PreviousEnd == header.Lsn);

    /// <summary>What the window holds from the offset on: at least <paramref name="bytes"/>, unless the segment ends before.</summary>
    private ReadOnlySpan<byte> View(long offset, int bytes)
    {
        long needed = Math.Min(bytes, _segment.LimitBytes - offset);
        if (needed <= 0)
        {
            return default;
        }
        if (offset < _windowStart || offset + needed > _windowStart + _windowBytes)
        {
            long wanted = Math.Min(Math.Max(bytes, _readAheadBytes), _segment.LimitBytes - offset);
            _windowStart = offset;
            _windowBytes = _file.Read(_window.AsSpan(0, (int)wanted), offset);
        }
        return _window.AsSpan((int)(offset - _windowStart), _windowBytes - (int)(offset - _windowStart));
    }
}
