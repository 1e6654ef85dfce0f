using System.Text;

namespace Quota.Silo.Replay;

/// <summary>What a replay keeps of one key.</summary>
internal sealed class ReplayKey(byte[] name, byte[] counters)
{
    private PeakCounter _second = new(1_000);
    private PeakCounter _minute = new(60_000);
    private PeakCounter _hour = new(3_600_000);

    public byte[] Name { get; } = name;

    public string Text => Encoding.UTF8.GetString(Name);

    /// <summary>Counters of the limits that count per key.</summary>
    public byte[] Counters { get; } = counters;

    /// <summary>The latest time of its requests: a key's time never goes back.</summary>
    public long NowMs { get; set; }

    public long Requests { get; private set; }

    public long Denied { get; set; }

    public long FirstDeniedMs { get; set; } = -1;

    /// <summary>Most requests in a clock second, minute and hour.</summary>
    public (long Second, long Minute, long Hour) Peaks => (_second.Max, _minute.Max, _hour.Max);

    public void Count(long ms)
    {
        Requests++;
        _second.Count(ms);
        _minute.Count(ms);
        _hour.Count(ms);
    }
}
