namespace Quota.Grains.Tests.Support;

/// <summary>Every counted cost with its instant.</summary>
internal sealed class EventLog
{
    private readonly List<(long AtNs, long Cost)> _events = [];

    public IReadOnlyList<(long AtNs, long Cost)> Events => _events;

    public void Add(long atNs, long cost) => _events.Add((atNs, cost));

    /// <summary>The most units in any window of this length, whatever its alignment: every pair of events is tried.</summary>
    public long MostInAnyWindow(long lengthNs)
    {
        (long AtNs, long Cost)[] sorted = [.. _events.OrderBy(e => e.AtNs)];
        long most = 0;
        for (int first = 0; first < sorted.Length; first++)
        {
            long sum = 0;
            for (int i = first; i < sorted.Length && sorted[i].AtNs - sorted[first].AtNs < lengthNs; i++)
            {
                sum += sorted[i].Cost;
            }
            most = Math.Max(most, sum);
        }
        return most;
    }

    /// <summary>Whether between any two events no more than <paramref name="burst"/> plus the refill of the time between was counted.</summary>
    public bool StaysWithin(long burst, long amount, long periodNs)
    {
        for (int first = 0; first < _events.Count; first++)
        {
            Int128 sum = 0;
            for (int i = first; i < _events.Count; i++)
            {
                sum += _events[i].Cost;
                if ((sum - burst) * periodNs > (Int128)amount * (_events[i].AtNs - _events[first].AtNs))
                {
                    return false;
                }
            }
        }
        return true;
    }
}
