using System.Globalization;

namespace Quota.Simulator;

/// <summary>
/// One thread, one queue of events, one clock that jumps from event to event, one source of randomness. Whatever happens in a
/// simulation happens inside <see cref="Step"/>; continuations run inline, so nothing is left to another thread.
/// </summary>
internal sealed class World(int seed, bool isTraced)
{
    private readonly PriorityQueue<(Process? Owner, Action Body), (long AtNs, long Order)> _events = new();
    private readonly List<string>? _trace = isTraced ? [] : null;
    private long _order;

    /// <summary>Of the seed; every decision of the simulation comes from it, in the order of the events.</summary>
    public Random Random { get; } = new(seed);

    /// <summary>The true time, ns since the Unix epoch.</summary>
    public long NowNs { get; set; }

    public long NowMs => NowNs / 1_000_000;

    /// <summary>What went wrong inside an event.</summary>
    public Exception? Fault { get; set; }

    /// <summary>The process whose event ran last; null if it was nobody's.</summary>
    public Process? Ran { get; private set; }

    /// <summary>Events that ran.</summary>
    public long Steps { get; private set; }

    /// <summary>Hash of everything that was traced: equal for equal runs.</summary>
    public ulong Hash { get; private set; } = 14_695_981_039_346_656_037;

    public IReadOnlyList<string> Lines => _trace ?? [];

    public bool IsTraced => _trace is not null;

    /// <summary>Runs the body after a delay, on the process that owns it: never if that is dead by then, later if it is paused.</summary>
    public void After(long delayNs, Process? owner, Action body) => _events.Enqueue((owner, body), (NowNs + Math.Max(0, delayNs), _order++));

    /// <summary>Runs the next event. False if there is none up to this time; the time is then that time.</summary>
    public bool Step(long untilNs)
    {
        while (_events.TryPeek(out (Process? Owner, Action Body) next, out (long AtNs, long Order) at) && at.AtNs <= untilNs)
        {
            _events.Dequeue();
            NowNs = Math.Max(NowNs, at.AtNs);
            if (next.Owner is { IsDead: true })
            {
                continue;
            }
            if (next.Owner is { IsPaused: true } paused)
            {
                paused.Held.Add(next.Body);
                continue;
            }
            Steps++;
            Ran = next.Owner;
            next.Body();
            return true;
        }
        NowNs = Math.Max(NowNs, untilNs);
        return false;
    }

    /// <summary>Lets a paused process go on: what was held happens now, in its order.</summary>
    public void Resume(Process process)
    {
        process.IsPaused = false;
        foreach (Action body in process.Held)
        {
            After(0, process, body);
        }
        process.Held.Clear();
    }

    /// <summary>Starts a piece of asynchronous work; what it throws ends the simulation.</summary>
    public async void Run(Func<Task> work)
    {
        try
        {
            await work().ConfigureAwait(false);
        }
        catch (Exception e)
        {
            Fault ??= e;
        }
    }

    /// <summary>True with this probability.</summary>
    public bool Chance(double probability) => probability > 0 && Random.NextDouble() < probability;

    /// <summary>From min to max, both included.</summary>
    public long Between(long min, long max) => min + Random.NextInt64(max - min + 1);

    /// <summary>Notes what happened, for the hash.</summary>
    public void Note(int what, long a, long b)
    {
        foreach (long value in (ReadOnlySpan<long>)[NowNs, what, a, b])
        {
            Hash = (Hash ^ (ulong)value) * 1_099_511_628_211;
        }
    }

    /// <summary>A line of the readable trace; built only if there is one.</summary>
    public void Trace(FormattableString line) => _trace?.Add(string.Create(CultureInfo.InvariantCulture, $"{NowNs / 1e6 % 1e8:F3} ") + line.ToString(CultureInfo.InvariantCulture));
}
