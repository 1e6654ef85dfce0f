using System.Globalization;

namespace Quota.Chaos.Table;

/// <summary>What is billed of a hot key, beside what its callers know.</summary>
/// <param name="Limit">Which hot key.</param>
/// <param name="Admitted">What callers were told was admitted.</param>
/// <param name="Unknown">Calls without an answer that says whether they were counted.</param>
/// <param name="Billed">What the bill says once nothing is unsettled.</param>
internal sealed record CaseBilling(string Limit, long Admitted, long Unknown, long Billed)
{
    /// <summary>Everything that was admitted is billed once, and nothing else but what nobody knows of.</summary>
    public bool IsRight => Billed >= Admitted && Billed <= Admitted + Unknown;

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Limit}: billed {Billed}, admitted {Admitted}, not known of {Unknown}");
}
