using System.Buffers.Text;
using System.Text;
using System.Text.Unicode;
using Quota.Contracts;

namespace Quota.Silo.Definitions;

/// <summary>Where a page ended: the last name looked at, so that a page begins at the same place whatever is added or deleted meanwhile.</summary>
internal static class PageToken
{
    /// <summary>The token of a page that ended at <paramref name="position"/>.</summary>
    public static string Of(string position) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(position));

    /// <summary>The position of a token; that of an empty one is empty.</summary>
    public static bool TryRead(string token, out string position)
    {
        position = "";
        if (token.Length > 2 * Bounds.KeyBytesMax || !Base64Url.IsValid(token))
        {
            return false;
        }
        byte[] bytes = Base64Url.DecodeFromChars(token);
        position = Encoding.UTF8.GetString(bytes);
        return Utf8.IsValid(bytes);
    }

    /// <summary>The page size to use: the default for 0; false if it is out of bounds.</summary>
    public static bool TrySize(int asked, out int size)
    {
        size = asked == 0 ? Bounds.PageSizeDefault : asked;
        return size is >= 1 and <= Bounds.PageSizeMax;
    }
}
