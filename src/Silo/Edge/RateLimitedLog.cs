using System.Collections.Concurrent;
using Quota.Contracts;

namespace Quota.Silo.Edge;

/// <summary>
/// A log that repeats one cause at most once per <see cref="Bounds.LogIntervalMs"/> and then says how often it was silent.
/// <para>
/// Safety: one entry per cause, swapped by compare-and-set; whoever swaps it writes the line. A count of suppressed lines may
/// miss one that races with the swap. Causes beyond <see cref="Bounds.LogCausesMax"/> share an entry, so memory is bounded.
/// </para>
/// </summary>
public sealed class RateLimitedLog
{
    private const string OtherCauses = "other causes";

    private readonly ConcurrentDictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private readonly ILogger _logger;
    private readonly TimeProvider _time;

    public RateLimitedLog(ILogger logger, TimeProvider? time = null)
    {
        _logger = logger;
        _time = time ?? TimeProvider.System;
    }

    /// <summary>Logs an unexpected fault.</summary>
    /// <param name="cause">What is told apart: a few words, never anything a caller chooses.</param>
    /// <param name="exception">The fault.</param>
    public void Error(string cause, Exception exception)
    {
        if (ShouldLog(cause, out long suppressed))
        {
            _logger.LogError(exception, "{Cause} ({Suppressed} more like it were not logged)", cause, suppressed);
        }
    }

    /// <summary>Whether a line of this cause may be written now, and how many were not since the last.</summary>
    public bool ShouldLog(string cause, out long suppressed)
    {
        long now = _time.GetTimestamp();
        string name = _entries.ContainsKey(cause) || _entries.Count < Bounds.LogCausesMax ? cause : OtherCauses;
        Entry fresh = new(now);
        Entry entry = _entries.GetOrAdd(name, fresh);
        if (ReferenceEquals(entry, fresh))
        {
            suppressed = 0;
            return true;
        }
        if (_time.GetElapsedTime(entry.At, now).TotalMilliseconds >= Bounds.LogIntervalMs && _entries.TryUpdate(name, fresh, entry))
        {
            suppressed = Interlocked.Read(ref entry.Suppressed);
            return true;
        }
        Interlocked.Increment(ref entry.Suppressed);
        suppressed = 0;
        return false;
    }

    private sealed class Entry(long at)
    {
        public readonly long At = at;
        public long Suppressed;
    }
}
