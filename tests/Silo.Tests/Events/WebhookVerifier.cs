using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Quota.Silo.Tests.Events;

/// <summary>The receiver's side of the signature, as docs/WEBHOOKS.md describes it; shares no code with the sender.</summary>
internal static class WebhookVerifier
{
    public const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private const long ToleranceSeconds = 300;

    public static bool Verify(ReceivedRequest request, string secret, DateTimeOffset now)
    {
        if (Math.Abs(now.ToUnixTimeSeconds() - long.Parse(request.Timestamp, CultureInfo.InvariantCulture)) > ToleranceSeconds)
        {
            return false;
        }
        byte[] key = Convert.FromBase64String(secret["whsec_".Length..]);
        byte[] signed = [.. Encoding.ASCII.GetBytes(request.Id + "." + request.Timestamp + "."), .. request.Body];
        byte[] expected = Encoding.ASCII.GetBytes("v1," + Convert.ToBase64String(HMACSHA256.HashData(key, signed)));
        return request.Signature.Split(' ').Any(s => CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(s), expected));
    }
}
