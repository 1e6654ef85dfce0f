using Quota.Grains;
using Quota.Grains.Counters;
using Quota.Grains.Model;
using Quota.Silo.Hosting;
using Quota.Silo.Journal;
using Quota.Silo.Store;
using Quota.Silo.Time;

namespace Quota.Silo.Execution.Local;

/// <summary>
/// Carries dirty blocks to the store in the background, so that journal segments can go and idle blocks can be evicted.
/// <para>
/// Safety. A round (1) reads the journal's active segment, (2) takes every shard's dirty list, (3) copies each block under the
/// shard's gate, a few at a time, marks it clean and not imaged, (4) saves the copies, (5) gives up the segments before the one
/// read in step 1. Every record in those segments was appended before step 1, so its block was dirty in step 2 or in an earlier
/// round that completed, and step 4 has saved it. A block counted on after step 3 starts with an image in the segment of step 1
/// or a later one, which is kept. A block whose save has not completed is not evicted, so no older version can be loaded.
/// If a save fails, everything the round took is dirty again and no segment goes. Nothing is saved that the journal has not
/// synced, so a decision that could not be kept never reaches the store.
/// </para>
/// One round runs at a time.
/// </summary>
internal sealed class Checkpointer(KeyTable table, IJournal journal, IGrainStore store, IClock clock, SiloSettings settings, ILogger logger)
{
    /// <summary>The number under which the store keeps the latest instant of the window scale.</summary>
    public const string LatestWindowNumber = "window_ns";

    /// <summary>Blocks copied under one hold of a gate: a few microseconds.</summary>
    private const int CopiesPerGate = 64;

    /// <summary>How often the loop looks whether a round is due, unless it is asked for one.</summary>
    private static readonly TimeSpan Tick = TimeSpan.FromMilliseconds(250);

    /// <summary>Blocks that were not touched for this long leave memory.</summary>
    private const uint IdleSeconds = 600;

    /// <summary>Each tick looks at this share of the table for idle blocks, so the whole of it within about a minute.</summary>
    private const int IdleTicks = 256;

    /// <summary>Of a full table each tick looks at this larger share.</summary>
    private const int FullTicks = 8;

    /// <summary>Stored blocks looked at in one transaction for ones to forget.</summary>
    private const int ForgetExamine = 4096;

    private readonly SemaphoreSlim _round = new(1, 1);
    private readonly SemaphoreSlim _wake = new(0, 1);
    private int _asked;
    private readonly List<(Shard Shard, int Block)> _batchBlocks = new(IGrainStore.SaveBatchMax);
    private readonly List<GrainSave> _batch = new(IGrainStore.SaveBatchMax);
    private readonly bool[] _saved = new bool[IGrainStore.SaveBatchMax];
    private int _layoutsSaved;
    private int _layoutsTried;

    /// <summary>Rounds that completed.</summary>
    public long Rounds { get; private set; }

    /// <summary>Runs rounds when they are due, until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellation)
    {
        table.CheckpointRequested = Request;
        long lastRound = Environment.TickCount64;
        long lastSegment = journal.ActiveSegment;
        try
        {
            while (true)
            {
                bool asked = await _wake.WaitAsync(Tick, cancellation).ConfigureAwait(false);
                if (asked)
                {
                    Volatile.Write(ref _asked, 0);
                }
                EvictIdle();
                bool due = asked
                    || Environment.TickCount64 - lastRound >= settings.CheckpointIntervalMs
                    || journal.ActiveSegment > lastSegment + 1
                    || journal.Status == JournalStatus.Full;
                if (due)
                {
                    lastSegment = journal.ActiveSegment;
                    await TryRoundAsync(cancellation).ConfigureAwait(false);
                    if (table.IsFull)
                    {
                        EvictIdle();
                    }
                    lastRound = Environment.TickCount64;
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Asked to stop: the owner runs the last round.
        }
    }

    /// <summary>Runs one round. False if the store failed; the journal then keeps everything.</summary>
    public async Task<bool> TryRoundAsync(CancellationToken cancellation)
    {
        await _round.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await RoundAsync(cancellation).ConfigureAwait(false);
            Rounds++;
            return true;
        }
        catch (StoreException e)
        {
            logger.LogError("Checkpoint failed, the journal keeps growing until one succeeds: {Reason}", e.Message);
            return false;
        }
        finally
        {
            _round.Release();
        }
    }

    private async Task RoundAsync(CancellationToken cancellation)
    {
        long segment = journal.ActiveSegment;
        Instant now = clock.Now();
        await SaveLayoutsAsync(cancellation).ConfigureAwait(false);
        var taken = new List<(Shard Shard, List<int> Blocks)>();
        foreach (Shard shard in table.Shards)
        {
            lock (shard.Gate)
            {
                if (shard.DirtyBlocks.Count > 0)
                {
                    taken.Add((shard, shard.DirtyBlocks));
                    shard.DirtyBlocks = [];
                }
            }
        }
        int done = 0, position = 0;
        try
        {
            for (; done < taken.Count; done++, position = 0)
            {
                (Shard shard, List<int> blocks) = taken[done];
                while (position < blocks.Count)
                {
                    position = Copy(shard, blocks, position, now);
                    if (_batch.Count == IGrainStore.SaveBatchMax)
                    {
                        await SaveBatchAsync(cancellation).ConfigureAwait(false);
                    }
                }
            }
            await SaveBatchAsync(cancellation).ConfigureAwait(false);
        }
        catch
        {
            GiveBack(taken, done, position);
            throw;
        }
        await store.SaveNumberAsync(LatestWindowNumber, now.WindowNs, cancellation).ConfigureAwait(false);
        journal.Release(segment);
        // Two looked at for each one saved: keys that come and go cannot make the store grow without end.
        int saved = taken.Sum(t => t.Blocks.Count);
        for (int examined = 0; examined <= 2 * saved; examined += ForgetExamine)
        {
            await store.ForgetAsync(now.WindowNs, ForgetExamine, cancellation).ConfigureAwait(false);
        }
    }

    /// <summary>Copies the next few blocks of a shard into the batch; returns the position after the last.</summary>
    private int Copy(Shard shard, List<int> blocks, int position, in Instant now)
    {
        int end = Math.Min(blocks.Count, position + Math.Min(CopiesPerGate, IGrainStore.SaveBatchMax - _batch.Count));
        lock (shard.Gate)
        {
            for (; position < end; position++)
            {
                int block = blocks[position];
                ref BlockEntry entry = ref shard.Entry(block);
                Invariant.Check((entry.Flags & BlockFlags.Dirty) != 0);
                entry.Flags = (entry.Flags & (BlockFlags.Pinned | BlockFlags.Renewing)) | BlockFlags.Saving;
                byte[] bytes = new byte[entry.IdLength + entry.StateLength];
                shard.Id(block).CopyTo(bytes);
                shard.State(block).CopyTo(bytes.AsSpan(entry.IdLength));
                CounterLayout layout = table.Layouts[entry.Layout];
                var grain = new StoredGrain(layout.Id, 0, CounterExpiry.ForgetAtNs(layout, shard.State(block), now), bytes.AsMemory(entry.IdLength));
                // A deleted block leaves no row: its id names the key.
                bool isDeletion = layout.IsRecord && RecordHead.IsTombstone(grain.State.Span);
                _batch.Add(new GrainSave(bytes.AsMemory(0, entry.IdLength), GrainSave.AnyVersion, grain) { IsDeletion = isDeletion });
                _batchBlocks.Add((shard, block));
            }
        }
        return position;
    }

    private async Task SaveBatchAsync(CancellationToken cancellation)
    {
        if (_batch.Count == 0)
        {
            return;
        }
        if (_layoutsTried != table.Layouts.Count)
        {
            // A plan has changed since the round began; a stored block must never name a layout that is nowhere.
            await SaveLayoutsAsync(cancellation).ConfigureAwait(false);
        }
        // What was copied may hold decisions that the journal has not synced yet, and might still fail to: those were never kept.
        if (!await journal.WaitDurableAsync(journal.AppendedPosition).ConfigureAwait(false))
        {
            throw new StoreException("the journal has failed: what is in memory may be more than what was kept");
        }
        await store.SaveAsync(_batch, _saved, cancellation).ConfigureAwait(false);
        foreach ((Shard shard, int block) in _batchBlocks)
        {
            lock (shard.Gate)
            {
                shard.Entry(block).Flags &= ~BlockFlags.Saving;
            }
        }
        _batch.Clear();
        _batchBlocks.Clear();
    }

    private void GiveBack(List<(Shard Shard, List<int> Blocks)> taken, int done, int position)
    {
        foreach ((Shard shard, int block) in _batchBlocks)
        {
            lock (shard.Gate)
            {
                shard.Entry(block).Flags &= ~BlockFlags.Saving;
                shard.MarkDirty(block);
            }
        }
        _batch.Clear();
        _batchBlocks.Clear();
        for (; done < taken.Count; done++, position = 0)
        {
            lock (taken[done].Shard.Gate)
            {
                taken[done].Shard.DirtyBlocks.AddRange(taken[done].Blocks.Skip(position));
            }
        }
    }

    private async Task SaveLayoutsAsync(CancellationToken cancellation)
    {
        int count = table.Layouts.Count;
        _layoutsTried = count;
        for (; _layoutsSaved < count; _layoutsSaved++)
        {
            CounterLayout layout = table.Layouts[_layoutsSaved];
            await store.SaveLayoutAsync(layout.Id, layout.Encoded, cancellation).ConfigureAwait(false);
        }
    }

    private void Request()
    {
        if (Interlocked.Exchange(ref _asked, 1) == 0)
        {
            _wake.Release();
        }
    }

    /// <summary>Drops blocks that have been idle for long; from a full table whatever was not touched this second.</summary>
    private void EvictIdle()
    {
        bool full = table.IsFull;
        Instant now = clock.Now();
        uint idleBefore = KeyTable.SecondsBefore(now, full ? 0 : IdleSeconds);
        foreach (Shard shard in table.Shards)
        {
            lock (shard.Gate)
            {
                shard.Evict((shard.EntryEnd / (full ? FullTicks : IdleTicks)) + 1, idleBefore, KeyTable.Seconds(now));
            }
        }
    }
}
