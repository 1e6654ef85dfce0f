namespace Quota.Silo.Export;

/// <summary>Reads lines that end in a line feed, and where in the file each begins. Not thread-safe.</summary>
internal sealed class LineReader(Stream input)
{
    private readonly byte[] _buffer = new byte[64 * 1024];
    private int _position;
    private int _length;
    private long _read;

    /// <summary>Where the next line begins.</summary>
    public long Offset => _read - _length + _position;

    /// <summary>The next line without its end. False at the end, also if a line begins that does not end.</summary>
    public bool TryRead(List<byte> line)
    {
        line.Clear();
        while (true)
        {
            ReadOnlySpan<byte> rest = _buffer.AsSpan(_position, _length - _position);
            int end = rest.IndexOf((byte)'\n');
            line.AddRange(end < 0 ? rest : rest[..end]);
            _position += end < 0 ? rest.Length : end + 1;
            if (end >= 0)
            {
                return true;
            }
            _length = input.Read(_buffer);
            _position = 0;
            _read += _length;
            if (_length == 0)
            {
                return false;
            }
        }
    }
}
