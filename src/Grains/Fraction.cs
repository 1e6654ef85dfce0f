namespace Quota.Grains;

/// <summary>Exact products and quotients of non-negative 64-bit integers whose product may need 128 bits; fast where it does not.</summary>
internal static class Fraction
{
    /// <summary><c>a × b / divisor</c> and its remainder; a quotient of more than 63 bits becomes the largest <see cref="long"/>.</summary>
    public static (long Quotient, long Remainder) Divide(long a, long b, long divisor)
    {
        ulong high = Math.BigMul((ulong)a, (ulong)b, out ulong low);
        if (high == 0)
        {
            (ulong quotient, ulong remainder) = Math.DivRem(low, (ulong)divisor);
            return ((long)Math.Min(quotient, long.MaxValue), (long)remainder);
        }
        var product = new UInt128(high, low);
        UInt128 whole = product / (ulong)divisor;
        // The remainder fits into 64 bits, so it is exact in 64-bit arithmetic, which wraps.
        ulong rest = low - (unchecked((ulong)whole) * (ulong)divisor);
        return ((long)UInt128.Min(whole, (UInt128)long.MaxValue), (long)rest);
    }

    /// <summary><c>a × b / divisor</c>, rounded up; more than 63 bits become the largest <see cref="long"/>.</summary>
    public static long DivideUp(long a, long b, long divisor)
    {
        (long quotient, long remainder) = Divide(a, b, divisor);
        return remainder == 0 || quotient == long.MaxValue ? quotient : quotient + 1;
    }
}
