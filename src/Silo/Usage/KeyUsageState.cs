using System.Collections.Frozen;
using Quota.Grains.Model;
using Quota.Grains.Usage;

namespace Quota.Silo.Usage;

/// <summary>One consistent reading of what a key used in a month.</summary>
public sealed class KeyUsageState
{
    /// <summary>The key in UTF-8.</summary>
    public required byte[] KeyUtf8 { get; init; }

    /// <summary>The month's record; null if nothing was moved into it yet.</summary>
    public UsageMonth? Month { get; init; }

    /// <summary>What the key's block has counted since the beginning of its latest day, if that day lies in the month; it is not part of <see cref="Month"/>.</summary>
    public UsageDay? Day { get; init; }

    /// <summary>Units held by the key's open reservations now, by unit.</summary>
    public IReadOnlyDictionary<string, long> Reserved { get; init; } = FrozenDictionary<string, long>.Empty;

    /// <summary>Units that silos may have used of leases on the key, and that are not part of the counts yet, by unit.</summary>
    public IReadOnlyDictionary<string, long> Unsettled { get; init; } = FrozenDictionary<string, long>.Empty;

    /// <summary>The record and the running day together; null if nothing is known. Moves <see cref="Day"/> into <see cref="Month"/>: ask once.</summary>
    /// <param name="billing">The key's calendar, for a month without a record.</param>
    public UsageMonth? Total(BillingModel billing)
    {
        if (Day is null)
        {
            return Month;
        }
        UsageMonth total = Month ?? UsageCalendar.Open(billing, Day);
        total.Add(Day);
        return total;
    }

    /// <summary>Whether nothing is known of the key in this month.</summary>
    public bool IsEmpty => Month is null && Day is null;
}
