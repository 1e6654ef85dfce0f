using System.Text;
using Quota.Contracts;

namespace Quota.Silo.Catalog;

/// <summary>
/// Where a namespace's events are sent, and the key that signs them. Immutable. Its text never shows the key, so that it can be
/// logged.
/// </summary>
public sealed class WebhookModel : IEquatable<WebhookModel>
{
    private const string EncodedKeyPrefix = "whsec_";

    private readonly byte[] _key;

    private WebhookModel(Uri url, string secret, byte[] key)
    {
        Url = url;
        Secret = secret;
        _key = key;
    }

    /// <summary>An absolute http or https address.</summary>
    public Uri Url { get; }

    /// <summary>The key as it was configured: for comparing and storing, never for showing.</summary>
    public string Secret { get; }

    /// <summary>
    /// Key of the HMAC-SHA256 signature: after <c>whsec_</c> the bytes that the rest encodes in base64, as the Standard Webhooks
    /// specification writes keys; without it the text's own bytes in UTF-8.
    /// </summary>
    public ReadOnlySpan<byte> Key => _key;

    /// <summary>Reads the two fields of a webhook.</summary>
    /// <param name="url">http:// or https://; 1 to <see cref="Bounds.WebhookUrlBytesMax"/> bytes, without user information and fragment.</param>
    /// <param name="secret">
    /// <see cref="Bounds.WebhookSecretBytesMin"/> to <see cref="Bounds.WebhookSecretBytesMax"/> bytes. After <c>whsec_</c> it must
    /// be base64 of at least <see cref="Bounds.WebhookSecretBytesMin"/> bytes.
    /// </param>
    /// <param name="field">On failure the field that is wrong: <c>url</c> or <c>secret</c>; otherwise null.</param>
    /// <param name="error">On failure what is wrong with it, without repeating it; otherwise null.</param>
    /// <returns>The webhook, or null.</returns>
    public static WebhookModel? TryCreate(string url, string secret, out string? field, out string? error)
    {
        field = "url";
        error = CheckUrl(url, out Uri? address);
        if (error is not null)
        {
            return null;
        }
        field = "secret";
        error = ReadKey(secret, out byte[] key);
        if (error is not null)
        {
            return null;
        }
        field = null;
        return new WebhookModel(address!, secret, key);
    }

    public bool Equals(WebhookModel? other) => other is not null && Url == other.Url && Secret == other.Secret;

    public override bool Equals(object? obj) => Equals(obj as WebhookModel);

    public override int GetHashCode() => HashCode.Combine(Url, Secret);

    public override string ToString() => Url.GetLeftPart(UriPartial.Path);

    private static string? CheckUrl(string url, out Uri? address)
    {
        address = null;
        if (Encoding.UTF8.GetByteCount(url) is < 1 or > Bounds.WebhookUrlBytesMax)
        {
            return $"must have 1 to {Bounds.WebhookUrlBytesMax} bytes";
        }
        if (!Uri.TryCreate(url, UriKind.Absolute, out address) || (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps) || address.Host.Length == 0)
        {
            return "must be an absolute http:// or https:// address";
        }
        if (address.UserInfo.Length > 0)
        {
            return "must not contain a user or password";
        }
        return address.Fragment.Length > 0 ? "must not contain a fragment (#)" : null;
    }

    private static string? ReadKey(string secret, out byte[] key)
    {
        key = Encoding.UTF8.GetBytes(secret);
        if (key.Length is < Bounds.WebhookSecretBytesMin or > Bounds.WebhookSecretBytesMax)
        {
            return $"must have {Bounds.WebhookSecretBytesMin} to {Bounds.WebhookSecretBytesMax} bytes";
        }
        if (!secret.StartsWith(EncodedKeyPrefix, StringComparison.Ordinal))
        {
            return null;
        }
        byte[] decoded = new byte[secret.Length];
        if (!Convert.TryFromBase64String(secret[EncodedKeyPrefix.Length..], decoded, out int length) || length < Bounds.WebhookSecretBytesMin)
        {
            return $"must have base64 of at least {Bounds.WebhookSecretBytesMin} bytes after {EncodedKeyPrefix}";
        }
        key = decoded[..length];
        return null;
    }
}
