namespace Quota.Silo.Orleans.Tests.Support;

/// <summary>A key that callers ask for, and what they know of it: between how many units of it were counted.</summary>
/// <param name="ns">Its namespace.</param>
/// <param name="name">Its name.</param>
/// <param name="owner">Which of the silos owns its partition while all of them work.</param>
/// <param name="hasIds">Its checks carry request ids, and are repeated until they are answered.</param>
internal sealed class CallerKey(string ns, string name, int owner, bool hasIds)
{
    private long _least;
    private long _unknown;
    private long _refused;

    public string Namespace => ns;

    public string Name => name;

    public int Owner => owner;

    public bool HasIds => hasIds;

    /// <summary>Units that were acknowledged, each once.</summary>
    public long Acknowledged => Interlocked.Read(ref _least);

    /// <summary>As many more may have been counted; 0 where checks have ids.</summary>
    public long Unknown => Interlocked.Read(ref _unknown);

    public long Refused => Interlocked.Read(ref _refused);

    public void Note(CheckReply reply)
    {
        if (reply.Allowed is { } allowed)
        {
            Interlocked.Increment(ref allowed ? ref _least : ref _refused);
        }
        else if (!reply.IsUncounted)
        {
            Interlocked.Increment(ref _unknown);
        }
    }
}
