using System.Text;
using Quota.Grains;

namespace Quota.Silo.Execution.Local.Operations;

/// <summary>Attributes of an operation, in the form that limits match on.</summary>
internal sealed class AttributeBuffer : IDisposable
{
    private readonly MemoryStream _bytes = new();
    private readonly List<AttributeRange> _ranges = [];

    public AttributeBuffer(IReadOnlyDictionary<string, string> attributes)
    {
        foreach ((string name, string value) in attributes)
        {
            (int nameStart, int nameLength) = Add(name);
            (int valueStart, int valueLength) = Add(value);
            _ranges.Add(new AttributeRange(nameStart, nameLength, valueStart, valueLength));
        }
    }

    public AttributeSet Set => new(_bytes.GetBuffer(), System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_ranges));

    public void Dispose() => _bytes.Dispose();

    private (int Start, int Length) Add(string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        int start = (int)_bytes.Length;
        _bytes.Write(utf8);
        return (start, utf8.Length);
    }
}
