namespace Quota.Chaos.Table;

/// <summary>What callers of one silo saw.</summary>
internal sealed class SiloCounts
{
    public long Allowed;
    public long Denied;
    public long Unavailable;
    public long Exhausted;

    /// <summary>Nobody listened.</summary>
    public long NotConnected;

    /// <summary>The connection broke, or no answer came in time.</summary>
    public long Unanswered;

    /// <summary>Not even asked: too many calls were waiting.</summary>
    public long Unsent;

    /// <summary>Other errors; none is expected.</summary>
    public long Other;

    /// <summary>What was asked, or would have been.</summary>
    public long Asked => Allowed + Denied + Errors;

    /// <summary>What got no decision.</summary>
    public long Errors => Unavailable + Exhausted + NotConnected + Unanswered + Unsent + Other;

    /// <summary>How long callers waited for an answer of any kind, in seconds.</summary>
    public List<double> Waits { get; } = [];

    /// <summary>The longest that a caller waited, whether for an answer or in vain, in seconds.</summary>
    public double LongestWait { get; set; }

    /// <summary>When decisions arrived, in seconds.</summary>
    public List<double> Decided { get; } = [];
}
