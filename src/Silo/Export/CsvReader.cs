using System.Text;

namespace Quota.Silo.Export;

/// <summary>Reads records of RFC 4180 one after the other, and where in the file each begins. Not thread-safe.</summary>
internal sealed class CsvReader(Stream input)
{
    private readonly byte[] _buffer = new byte[64 * 1024];
    private readonly List<byte> _field = [];
    private int _position;
    private int _length;
    private long _read;

    /// <summary>Where the next record begins.</summary>
    public long Offset => _read - _length + _position;

    /// <summary>The next record. False at the end, also if a record begins that does not end in CR LF.</summary>
    public bool TryRead(List<string> fields)
    {
        fields.Clear();
        _field.Clear();
        bool quoted = false;
        int before = -1;
        while (Next() is int b and >= 0)
        {
            // A quote inside a quoted field is doubled, so that leaving and entering again gives the one quote back.
            if (b == '"')
            {
                if (!quoted && before == '"')
                {
                    _field.Add((byte)b);
                }
                quoted = !quoted;
            }
            else if (quoted || b is not (',' or '\r' or '\n'))
            {
                _field.Add((byte)b);
            }
            else if (b == ',')
            {
                EndField(fields);
            }
            else if (b == '\n' && before == '\r')
            {
                EndField(fields);
                return true;
            }
            before = b;
        }
        return false;
    }

    private void EndField(List<string> fields)
    {
        fields.Add(Encoding.UTF8.GetString(System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_field)));
        _field.Clear();
    }

    private int Next()
    {
        if (_position == _length)
        {
            _length = input.Read(_buffer);
            _position = 0;
            _read += _length;
        }
        return _length == 0 ? -1 : _buffer[_position++];
    }
}
