using Quota.Contracts;

namespace Quota.Silo.Edge.Grpc;

/// <summary>The <c>grpc-timeout</c> header: one to eight digits and a unit (H M S m u n).</summary>
public static class GrpcTimeout
{
    /// <summary>Milliseconds, rounded up so that a small time-out is not none. False if the header is malformed.</summary>
    public static bool TryParse(ReadOnlySpan<char> header, out long milliseconds)
    {
        milliseconds = 0;
        if (header.Length < 2 || header.Length > Bounds.GrpcTimeoutDigitsMax + 1)
        {
            return false;
        }
        long value = 0;
        foreach (char c in header[..^1])
        {
            if (!char.IsAsciiDigit(c))
            {
                return false;
            }
            value = (value * 10) + (c - '0');
        }
        long? parsed = header[^1] switch
        {
            'H' => value * 3_600_000,
            'M' => value * 60_000,
            'S' => value * 1_000,
            'm' => value,
            'u' => (value + 999) / 1_000,
            'n' => (value + 999_999) / 1_000_000,
            _ => null,
        };
        milliseconds = parsed ?? 0;
        return parsed is not null;
    }
}
