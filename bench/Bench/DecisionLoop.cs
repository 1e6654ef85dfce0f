using System.Diagnostics;
using Quota.Silo.Journal;
using Quota.Silo.Limiting;

namespace Quota.Bench;

/// <summary>One thread that decides in a loop and measures chunks of decisions, without the waits between chunks.</summary>
internal sealed class DecisionLoop(Limiter limiter, IJournal journal, byte[][] names, int[] draws, int start)
{
    public const int DrawCount = 1 << 20;

    /// <summary>Decisions of one thread that may wait for the disk before the loop waits for it: half of what the journal's memory takes.</summary>
    public const int LagMax = 65_536;

    private const int Chunk = 1024;
    private readonly Decision _decision = new();
    private readonly Queue<Task<bool>> _lag = new();
    private int _position = start;

    public static ReadOnlySpan<byte> Owner => "os"u8;

    /// <summary>Decisions made.</summary>
    public long Total { get; private set; }

    /// <summary>Decisions of chunks that were measured: a chunk in which the journal had no room is not.</summary>
    public long Measured { get; private set; }

    /// <summary>Time of the measured chunks.</summary>
    public double Nanoseconds { get; private set; }

    /// <summary>Bytes allocated by the measured chunks.</summary>
    public long Allocated { get; private set; }

    public void Reset() => (Measured, Nanoseconds, Allocated) = (0, 0, 0);

    /// <summary>Counts once on every key: a key's first record is larger, and tables grow.</summary>
    public void TouchAll()
    {
        for (int i = 0; i < names.Length; i++)
        {
            Decide(names[i]);
            while (!_decision.Allowed || (i % 8192 == 0 && journal is not NoJournal))
            {
                if (_decision.Allowed && journal.WaitDurableAsync(_decision.JournalPosition).AsTask().GetAwaiter().GetResult())
                {
                    journal.Release(journal.ActiveSegment);
                    break;
                }
                Thread.Sleep(1);
                Decide(names[i]);
            }
        }
    }

    public void Run(TimeSpan duration)
    {
        long end = Stopwatch.GetTimestamp() + (long)(duration.TotalSeconds * Stopwatch.Frequency);
        while (Stopwatch.GetTimestamp() < end)
        {
            long allocated = GC.GetAllocatedBytesForCurrentThread();
            long started = Stopwatch.GetTimestamp();
            int decided = RunChunk();
            double nanoseconds = Stopwatch.GetElapsedTime(started).TotalNanoseconds;
            Total += decided;
            if (decided == Chunk)
            {
                Allocated += GC.GetAllocatedBytesForCurrentThread() - allocated;
                Nanoseconds += nanoseconds;
                Measured += Chunk;
            }
            Throttle(decided);
        }
    }

    private int RunChunk()
    {
        for (int i = 0; i < Chunk; i++)
        {
            Decide(names[draws[_position++ & (DrawCount - 1)]]);
            if (!_decision.Allowed)
            {
                return i;
            }
        }
        return Chunk;
    }

    private void Decide(byte[] name) =>
        limiter.Begin(new CheckRequest { Namespace = Owner, Key = name, Cost = 1 }, limiter.Now(), _decision);

    /// <summary>Has the journal commit what was decided, and waits if it is too far behind.</summary>
    private void Throttle(int decided)
    {
        if (journal is NoJournal)
        {
            return;
        }
        if (decided == Chunk)
        {
            _lag.Enqueue(journal.WaitDurableAsync(_decision.JournalPosition).AsTask());
        }
        else
        {
            // The next segment is not prepared yet, or memory is full.
            Thread.Sleep(1);
        }
        while (_lag.Count > LagMax / Chunk)
        {
            if (!_lag.Dequeue().GetAwaiter().GetResult())
            {
                throw new InvalidOperationException("the journal failed");
            }
        }
        // Nothing is checkpointed here; what is durable may go.
        journal.Release(journal.ActiveSegment);
    }
}
