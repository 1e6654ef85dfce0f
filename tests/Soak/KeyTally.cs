namespace Quota.Soak;

/// <summary>Units of one key: used before refunds, and refunded.</summary>
internal readonly record struct KeyTally(Units Used, Units Refunded)
{
    public static KeyTally operator +(KeyTally a, KeyTally b) => new(a.Used + b.Used, a.Refunded + b.Refunded);
}
