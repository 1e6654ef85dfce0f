namespace Quota.Grains.Counters;

/// <summary>
/// Which lease a leased block has. State, APPEND-ONLY (golden test: LeaseCounterTests): <c>[id, end, granted at (window scale, ns),
/// granted at (wall clock, ms)]</c>. An id of 0: none. An end of 0: nothing may be spent any more, and what was is not settled yet.
/// </summary>
public static class LeaseHead
{
    public const int Id = 0;
    public const int EndNs = 1;
    public const int GrantedNs = 2;
    public const int GrantedMs = 3;

    /// <summary>Integers of the state.</summary>
    public const int Longs = 4;
}
