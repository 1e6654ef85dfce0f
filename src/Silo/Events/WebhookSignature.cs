using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Quota.Silo.Events;

/// <summary>
/// The symmetric signature of Standard Webhooks 1.0.0 (https://www.standardwebhooks.com): HMAC-SHA256 over
/// <c>id.timestamp.body</c>, in base64 behind <c>v1,</c>. It covers the time of the attempt, so that a receiver can refuse a replay.
/// </summary>
public static class WebhookSignature
{
    public const string IdHeader = "webhook-id";
    public const string TimestampHeader = "webhook-timestamp";
    public const string SignatureHeader = "webhook-signature";

    /// <summary>Signs one attempt.</summary>
    /// <param name="key">Shared with the receiver.</param>
    /// <param name="id">Of the event; has no full stop.</param>
    /// <param name="unixSeconds">When the attempt is made.</param>
    /// <param name="body">Exactly the bytes that are sent.</param>
    /// <returns>The value of <see cref="SignatureHeader"/>.</returns>
    public static string Sign(ReadOnlySpan<byte> key, string id, long unixSeconds, ReadOnlySpan<byte> body)
    {
        using IncrementalHash hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, key);
        hash.AppendData(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{unixSeconds}.")));
        hash.AppendData(body);
        return "v1," + Convert.ToBase64String(hash.GetHashAndReset());
    }
}
