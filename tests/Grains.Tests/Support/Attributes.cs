using System.Text;

namespace Quota.Grains.Tests.Support;

/// <summary>Owns the buffer of an attribute set.</summary>
internal sealed class Attributes
{
    private readonly byte[] _buffer;
    private readonly AttributeRange[] _ranges;

    /// <param name="pairs"><c>name=value</c>, each.</param>
    public Attributes(params string[] pairs)
    {
        var bytes = new List<byte>();
        _ranges = [.. pairs.Select(pair => (Name: Append(bytes, pair[..pair.IndexOf('=')]), Value: Append(bytes, pair[(pair.IndexOf('=') + 1)..])))
            .Select(r => new AttributeRange(r.Name.Start, r.Name.Length, r.Value.Start, r.Value.Length))];
        _buffer = [.. bytes];
    }

    public AttributeSet Set => new(_buffer, _ranges);

    private static (int Start, int Length) Append(List<byte> bytes, string text)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(text);
        bytes.AddRange(utf8);
        return (bytes.Count - utf8.Length, utf8.Length);
    }
}
