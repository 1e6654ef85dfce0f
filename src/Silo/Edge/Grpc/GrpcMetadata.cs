using System.Buffers.Text;
using System.Text;

namespace Quota.Silo.Edge.Grpc;

/// <summary>Reading metadata beyond plain text.</summary>
public static class GrpcMetadata
{
    /// <summary>
    /// The bytes of a <c>-bin</c> entry, with or without base64 padding; null if it is absent or not base64. Of several values the
    /// first counts.
    /// </summary>
    public static byte[]? BinaryMetadata(this IGrpcCall call, string name)
    {
        string? text = call.Metadata(name);
        if (text is null)
        {
            return null;
        }
        int comma = text.IndexOf(',');
        string first = (comma < 0 ? text : text[..comma]).Trim().TrimEnd('=');
        string padded = first.PadRight((first.Length + 3) / 4 * 4, '=');
        byte[] bytes = new byte[Base64.GetMaxDecodedFromUtf8Length(padded.Length)];
        return Convert.TryFromBase64String(padded, bytes, out int length) ? bytes[..length] : null;
    }

    /// <summary>The form of a <c>-bin</c> entry to send: base64 without padding.</summary>
    public static string ToBinary(ReadOnlySpan<byte> bytes) => Convert.ToBase64String(bytes).TrimEnd('=');

    /// <summary>A <c>grpc-message</c> value: UTF-8, everything but printable ASCII percent-encoded, bounded in length.</summary>
    public static string EncodeMessage(string message)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(message);
        int length = Math.Min(utf8.Length, Contracts.Bounds.GrpcMessageBytesMax);
        while (length < utf8.Length && (utf8[length] & 0xC0) == 0x80)
        {
            length--;
        }
        ReadOnlySpan<byte> kept = utf8.AsSpan(0, length);
        if (kept.IndexOfAnyExceptInRange((byte)0x20, (byte)0x7E) < 0 && !kept.Contains((byte)'%'))
        {
            return length == utf8.Length ? message : Encoding.ASCII.GetString(kept);
        }
        StringBuilder encoded = new(length + 16);
        foreach (byte b in kept)
        {
            if (b is >= 0x20 and <= 0x7E and not (byte)'%')
            {
                encoded.Append((char)b);
            }
            else
            {
                encoded.Append('%').Append(b.ToString("X2", System.Globalization.CultureInfo.InvariantCulture));
            }
        }
        return encoded.ToString();
    }
}
