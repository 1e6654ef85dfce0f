namespace Quota.Silo.Protocols.Headers;

/// <summary>Which rate-limit headers to write. The values are those of <c>quota.v1.HeaderDialect</c>.</summary>
public enum HeaderDialect
{
    None = 0,

    /// <summary><c>RateLimit-Policy</c> and <c>RateLimit</c> of draft-ietf-httpapi-ratelimit-headers-11.</summary>
    Draft11 = 1,

    /// <summary><c>RateLimit-Limit</c>, <c>RateLimit-Remaining</c>, <c>RateLimit-Reset</c> of draft 03.</summary>
    Draft03 = 2,

    /// <summary><c>X-RateLimit-Limit</c>, <c>X-RateLimit-Remaining</c>, <c>X-RateLimit-Reset</c>.</summary>
    Legacy = 3,
}
