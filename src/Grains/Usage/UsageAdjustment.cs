namespace Quota.Grains.Usage;

/// <summary>A correction beside a month's counts.</summary>
/// <param name="Id">Unique in the month; 1 to 128 bytes of UTF-8. Ids that begin with <c>quota.</c> are the service's own.</param>
/// <param name="Unit">What is corrected.</param>
/// <param name="Amount">Units added, or taken off if negative; not 0.</param>
/// <param name="Reason">1 to 256 bytes of UTF-8.</param>
/// <param name="Author">1 to 128 bytes of UTF-8.</param>
/// <param name="AtMs">When it was made, by the wall clock.</param>
public sealed record UsageAdjustment(string Id, string Unit, long Amount, string Reason, string Author, long AtMs)
{
    /// <summary>Whether both say the same; when does not count.</summary>
    public bool IsSame(UsageAdjustment other) => this with { AtMs = 0 } == other with { AtMs = 0 };
}
