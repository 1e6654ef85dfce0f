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

    /// <summary>More than are measured in any case: of more, the last are kept.</summary>
    private const int ChunksMax = 1 << 16;

    private readonly Decision _decision = new();
    private readonly Queue<Task<bool>> _lag = new();
    private readonly long[] _chunkTicks = new long[ChunksMax];
    private int _position = start;
    private int _chunks;

    public static ReadOnlySpan<byte> Owner => "os"u8;

    /// <summary>Decisions made.</summary>
    public long Total { get; private set; }

    /// <summary>Decisions of chunks that were measured: a chunk in which the journal had no room is not.</summary>
    public long Measured { get; private set; }

    /// <summary>Time per decision in the median of the measured chunks: what other processes take from single chunks is not in it.</summary>
    public double Nanoseconds
    {
        get
        {
            Span<long> ticks = _chunkTicks.AsSpan(0, Math.Min(_chunks, ChunksMax));
            ticks.Sort();
            return Statistics.Percentile(ticks, 0.5) * 1e9 / Stopwatch.Frequency / Chunk;
        }
    }

    /// <summary>Bytes allocated by the measured chunks.</summary>
    public long Allocated { get; private set; }

    /// <summary>Runs loops beside each other, each on a thread of its own.</summary>
    public static void RunAll(DecisionLoop[] loops, TimeSpan duration)
    {
        Thread[] workers = [.. loops.Select(loop => new Thread(() => loop.Run(duration)))];
        Array.ForEach(workers, w => w.Start());
        Array.ForEach(workers, w => w.Join());
    }

    public void Reset() => (Measured, _chunks, Allocated) = (0, 0, 0);

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
            long ticks = Stopwatch.GetTimestamp() - started;
            Total += decided;
            if (decided == Chunk)
            {
                Allocated += GC.GetAllocatedBytesForCurrentThread() - allocated;
                _chunkTicks[_chunks++ % ChunksMax] = ticks;
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
