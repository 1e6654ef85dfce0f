using Quota.Contracts;

namespace Quota.Silo.Replay;

/// <summary>
/// Cuts a stream into lines without ever holding more than one line of <see cref="Bounds.LogLineBytesMax"/>. A longer line is
/// read to its end and handed out cut off, with <see cref="IsCut"/> set.
/// </summary>
internal sealed class LogLineReader(Stream stream)
{
    private readonly byte[] _buffer = new byte[2 * Bounds.LogLineBytesMax];
    private int _start;
    private int _end;
    private bool _isEnd;

    /// <summary>Whether the line handed out last was longer than the bound.</summary>
    public bool IsCut { get; private set; }

    /// <summary>The next line without its line break, valid until the next call. False at the end.</summary>
    public bool TryRead(out ReadOnlySpan<byte> line)
    {
        IsCut = false;
        while (true)
        {
            ReadOnlySpan<byte> unread = _buffer.AsSpan(_start, _end - _start);
            int lineBreak = unread.IndexOf((byte)'\n');
            if (lineBreak >= 0 && lineBreak <= Bounds.LogLineBytesMax)
            {
                line = unread[..lineBreak];
                _start += lineBreak + 1;
                return true;
            }
            if (unread.Length > Bounds.LogLineBytesMax)
            {
                line = Cut();
                return true;
            }
            if (_isEnd)
            {
                line = unread;
                _start = _end;
                return !line.IsEmpty;
            }
            Fill();
        }
    }

    private ReadOnlySpan<byte> Cut()
    {
        IsCut = true;
        // The line's beginning moves to the front and stays there, while the rest is skipped behind it.
        _buffer.AsSpan(_start, Bounds.LogLineBytesMax).CopyTo(_buffer);
        _start += Bounds.LogLineBytesMax;
        while (true)
        {
            int lineBreak = _buffer.AsSpan(_start, _end - _start).IndexOf((byte)'\n');
            if (lineBreak >= 0)
            {
                _start += lineBreak + 1;
                return _buffer.AsSpan(0, Bounds.LogLineBytesMax);
            }
            _start = _end = Bounds.LogLineBytesMax;
            int n = _isEnd ? 0 : stream.Read(_buffer, _end, _buffer.Length - _end);
            if (n == 0)
            {
                _isEnd = true;
                return _buffer.AsSpan(0, Bounds.LogLineBytesMax);
            }
            _end += n;
        }
    }

    private void Fill()
    {
        if (_start > 0)
        {
            _buffer.AsSpan(_start, _end - _start).CopyTo(_buffer);
            _end -= _start;
            _start = 0;
        }
        int n = stream.Read(_buffer, _end, _buffer.Length - _end);
        _isEnd = n == 0;
        _end += n;
    }
}
