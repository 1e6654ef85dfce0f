using Quota.Silo.Journal;
using static Quota.Silo.Tests.Journal.JournalTestKit;

namespace Quota.Silo.Tests.Journal;

/// <summary>The journal with its own threads, and many callers.</summary>
public sealed class JournalThreadsTests
{
    private const int Callers = 4;

    [Fact]
    public async Task Concurrent_callers_keep_their_order_and_find_what_was_acknowledged_after_a_power_cut()
    {
        int seed = Environment.TickCount & 0xffffff;
        Random random = new(seed);
        SimulatedDisk disk = new();
        FileJournal journal = MustOpen(Options(disk) with { OwnThreads = true, BytesMax = 4096 * SegmentBytes });
        int[] acknowledged = new int[Callers];
        int syncsLeft = 200;
        TaskCompletionSource enough = new(TaskCreationOptions.RunContinuationsAsynchronously);
        disk.Synced = () =>
        {
            if (Interlocked.Decrement(ref syncsLeft) == 0)
            {
                enough.SetResult();
            }
        };
        using CancellationTokenSource stop = new();
        Task[] callers = [.. Enumerable.Range(0, Callers).Select(caller => Task.Run(() => Call(journal, caller, acknowledged, stop.Token)))];
        await enough.Task.WaitAsync(Patience);
        int[] promised = [.. acknowledged.Select((_, caller) => Volatile.Read(ref acknowledged[caller]))];
        SimulatedDisk after = disk.CutPower(random);
        await stop.CancelAsync();
        await Task.WhenAll(callers).WaitAsync(Patience);
        await journal.DisposeAsync();

        AssertFound(promised, ReplayAll(after), seed);
        AssertFound(acknowledged, ReplayAll(disk), seed);
    }

    [Fact]
    public async Task Records_that_nobody_waits_for_are_synced_too()
    {
        SimulatedDisk disk = new();
        await using FileJournal journal = MustOpen(Options(disk) with { OwnThreads = true });
        TaskCompletionSource synced = new(TaskCreationOptions.RunContinuationsAsynchronously);
        disk.Synced = () => synced.TrySetResult();
        long position = Append(journal, 1);
        await synced.Task.WaitAsync(Patience);
        Assert.True(await journal.WaitDurableAsync(position).AsTask().WaitAsync(Patience));
    }

    [Fact]
    public async Task A_slow_continuation_does_not_hold_up_the_commits()
    {
        FileJournal journal = MustOpen(Options(new SimulatedDisk()));
        using ManualResetEventSlim held = new();
        Task slow = Hold(journal.WaitDurableAsync(Append(journal, 1)), held);
        for (int number = 1; number < 50; number++)
        {
            ValueTask<bool> next = journal.WaitDurableAsync(Append(journal, number + 1));
            // The first of these commits also starts the slow continuation.
            journal.CommitOnce();
            if (number > 1)
            {
                Assert.True(await next.AsTask().WaitAsync(Patience));
            }
        }
        Assert.False(slow.IsCompleted);
        held.Set();
        await slow.WaitAsync(Patience);
    }

    [Fact]
    public async Task A_full_journal_runs_again_when_segments_are_released()
    {
        SimulatedDisk disk = new();
        await using FileJournal journal = MustOpen(Options(disk) with { OwnThreads = true, BytesMax = 4 * SegmentBytes });
        int number = 0;
        while (journal.Status != JournalStatus.Full)
        {
            if (journal.TryAppend(Record(number, 400), out long position))
            {
                number++;
                Assert.True(await journal.WaitDurableAsync(position).AsTask().WaitAsync(Patience));
            }
        }
        TaskCompletionSource prepared = new(TaskCreationOptions.RunContinuationsAsynchronously);
        int directorySyncs = 0;
        disk.Before = (operation, _) =>
        {
            // Removing the released segments syncs the directory once, naming the new one once more.
            if (operation == "syncdir" && ++directorySyncs == 2)
            {
                prepared.SetResult();
            }
        };
        journal.Release(journal.ActiveSegment);
        await prepared.Task.WaitAsync(Patience);
        Assert.True(SpinWait.SpinUntil(() => journal.Status == JournalStatus.Running, Patience));
        Append(journal, number);
    }

    [Fact]
    public async Task On_a_real_disk_it_opens_rolls_closes_and_opens_again()
    {
        DirectoryInfo directory = Directory.CreateTempSubdirectory("quota-journal-");
        try
        {
            JournalOptions options = Options(new DiskJournalFiles(Path.Combine(directory.FullName, "a", "b"))) with { OwnThreads = true };
            int next = 0;
            for (int start = 0; start < 3; start++)
            {
                List<byte[]> records = [];
                await using FileJournal journal = MustOpen(options, records);
                AssertNumbers(Enumerable.Range(0, next), records);
                Assert.Equal(JournalOpenOutcome.Locked, FileJournal.Open(options, (_, _) => { }).Outcome);
                for (int i = 0; i < 100; i++)
                {
                    // Refused while the next of these tiny segments is being prepared.
                    long position = 0;
                    Assert.True(SpinWait.SpinUntil(() => journal.TryAppend(Record(next, 500), out position), Patience));
                    next++;
                    Assert.True(await journal.WaitDurableAsync(position).AsTask().WaitAsync(Patience));
                }
            }
        }
        finally
        {
            directory.Delete(recursive: true);
        }
    }

    private static async Task Call(FileJournal journal, int caller, int[] acknowledged, CancellationToken stop)
    {
        for (int i = 1; !stop.IsCancellationRequested;)
        {
            if (!journal.TryAppend(Record((i * Callers) + caller, 60), out long position))
            {
                await Task.Yield();
                continue;
            }
            // One caller asks for the write first, as a namespace with sync: os does.
            Assert.True(caller != 0 || journal.EnsureWritten(position));
            Assert.True(await journal.WaitDurableAsync(position));
            Volatile.Write(ref acknowledged[caller], i++);
        }
    }

    private static void AssertFound(int[] promised, (JournalOpening Opening, List<byte[]> Records) found, int seed)
    {
        Assert.True(found.Opening.IsOpen, $"seed {seed}: {found.Opening.Message}");
        for (int caller = 0; caller < Callers; caller++)
        {
            int[] numbers = [.. found.Records.Select(NumberOf).Where(number => number % Callers == caller).Select(number => number / Callers)];
            Assert.Equal(Enumerable.Range(1, numbers.Length), numbers);
            Assert.True(numbers.Length >= promised[caller], $"seed {seed}: caller {caller} was promised {promised[caller]}, {numbers.Length} found");
        }
    }

    private static async Task Hold(ValueTask<bool> durable, ManualResetEventSlim held)
    {
        Assert.True(await durable.ConfigureAwait(false));
        Assert.True(held.Wait(Patience));
    }
}
