namespace Quota.Hammer;

/// <summary>What a client knows of one key.</summary>
internal sealed class Tally
{
    private long _sent;
    private long _acknowledged;

    /// <summary>Units of all checks that may have reached the silo.</summary>
    public long Sent => Interlocked.Read(ref _sent);

    /// <summary>Units of all checks that the silo answered with "allowed".</summary>
    public long Acknowledged => Interlocked.Read(ref _acknowledged);

    public void AddSent(long units) => Interlocked.Add(ref _sent, units);

    public void AddAcknowledged(long units) => Interlocked.Add(ref _acknowledged, units);
}
