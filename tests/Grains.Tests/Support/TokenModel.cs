using System.Numerics;

namespace Quota.Grains.Tests.Support;

/// <summary>
/// A bucket that holds at most <c>burst</c> tokens and gains <c>amount</c> per period, continuously and in exact rationals. Before
/// the last count it held as much less as it has gained since; it may owe.
/// </summary>
internal sealed class TokenModel(long amount, long periodNs, long burst, bool roundRefillUp = false) : ICounterModel
{
    /// <summary>Tokens × period at <see cref="_lastNs"/>.</summary>
    private BigInteger _level = (BigInteger)burst * periodNs;
    private long _lastNs;

    public EventLog Log { get; } = new();

    public bool Fits(long cost, in Instant now) => Level(now) >= (BigInteger)Math.Max(cost, 1) * periodNs;

    public void Count(long cost, in Instant now)
    {
        _level = Level(now) - ((BigInteger)cost * periodNs);
        _lastNs = now.WindowNs;
        Log.Add(now.WindowNs, cost);
    }

    public long Used(in Instant now) => (long)((((BigInteger)burst * periodNs) - Level(now) + periodNs - 1) / periodNs);

    private BigInteger Level(in Instant now)
    {
        BigInteger gained = (BigInteger)(now.WindowNs - _lastNs) * amount;
        if (roundRefillUp)
        {
            gained = (gained + periodNs - 1) / periodNs * periodNs;
        }
        return BigInteger.Min((BigInteger)burst * periodNs, _level + gained);
    }
}
