using System.Buffers.Binary;
using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Quota.Contracts;
using Quota.Contracts.V1;
using Quota.Grains.Usage;

namespace Quota.Silo.Protocols.Usage;

/// <summary>
/// Where the next page of a list begins, opaque to the caller: base64url of <c>u8 version = 1, u32 month, u64 hash of namespace and
/// labels, key</c>. It stays valid across restarts; one that was given for another list is noticed.
/// </summary>
internal static class UsagePageToken
{
    private const byte Version = 1;
    private const int HeadBytes = 13;

    public static string Write(ListUsageRequest request, MonthLabel month, ReadOnlySpan<byte> afterKey)
    {
        byte[] token = new byte[HeadBytes + afterKey.Length];
        token[0] = Version;
        BinaryPrimitives.WriteUInt32LittleEndian(token.AsSpan(1), month.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(token.AsSpan(5), Hash(request));
        afterKey.CopyTo(token.AsSpan(HeadBytes));
        return Base64Url.EncodeToString(token);
    }

    /// <summary>Reads a token of the same list.</summary>
    /// <param name="request">Names the list; an empty month is the token's.</param>
    /// <param name="month">The list's month.</param>
    /// <param name="afterKey">Begin after this key.</param>
    public static bool TryRead(ListUsageRequest request, out MonthLabel month, out byte[]? afterKey)
    {
        month = default;
        afterKey = null;
        if (request.PageToken.Length > 2 * (HeadBytes + Bounds.KeyBytesMax) || !Base64Url.IsValid(request.PageToken))
        {
            return false;
        }
        byte[] token = Base64Url.DecodeFromChars(request.PageToken);
        if (token.Length < HeadBytes || token.Length > HeadBytes + Bounds.KeyBytesMax || token[0] != Version
            || !MonthLabel.TryFrom(BinaryPrimitives.ReadUInt32LittleEndian(token.AsSpan(1)), out month)
            || BinaryPrimitives.ReadUInt64LittleEndian(token.AsSpan(5)) != Hash(request))
        {
            return false;
        }
        afterKey = token[HeadBytes..];
        return request.Month.Length == 0 || request.Month == month.ToString();
    }

    private static ulong Hash(ListUsageRequest request)
    {
        var text = new StringBuilder(request.Namespace);
        foreach ((string name, string value) in request.Labels.OrderBy(l => l.Key, StringComparer.Ordinal))
        {
            text.Append('\0').Append(name).Append('\0').Append(value);
        }
        return BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
