using Quota.Silo.Journal;
using static Quota.Silo.Tests.Journal.JournalTestKit;

namespace Quota.Silo.Tests.Journal;

/// <summary>
/// What a decision costs the garbage collector: nothing. Run alone, and the least of a few runs counts: the runtime allocates
/// once in a while by itself (48 and 1,488 bytes were seen), while anything of ours would show in every run.
/// </summary>
[CollectionDefinition(nameof(JournalAllocationTests), DisableParallelization = true)]
[Collection(nameof(JournalAllocationTests))]
public sealed class JournalAllocationTests
{
    private const int Runs = 4;
    private const int Rounds = 200;
    private const int RecordsPerRound = 32;
    private static readonly ValueTask<bool>[] Waiting = new ValueTask<bool>[RecordsPerRound];

    [Fact]
    public void Appending_writing_and_syncing_allocate_nothing()
    {
        using QuietFiles files = new();
        FileJournal journal = MustOpen(Options(files) with { SegmentBytes = 8 * 1024 * 1024, BytesMax = 64 * 1024 * 1024 });
        byte[] record = Record(1, 100);
        Assert.Equal(0, AllocatedBy(() => Round(journal, record, wait: false)));
    }

    [Fact]
    public void Waiting_allocates_nothing_once_warm()
    {
        using QuietFiles files = new();
        FileJournal journal = MustOpen(Options(files) with { SegmentBytes = 8 * 1024 * 1024, BytesMax = 64 * 1024 * 1024 });
        byte[] record = Record(1, 100);
        // The thread pool's own queue allocates a little, once per commit and not per wait.
        Assert.InRange(AllocatedBy(() => Round(journal, record, wait: true)) / (double)(Rounds * RecordsPerRound), 0, 1);
    }

    private static long AllocatedBy(Action round)
    {
        long least = long.MaxValue;
        for (int run = 0; run <= Runs; run++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < Rounds; i++)
            {
                round();
            }
            // The first run warms up.
            least = run == 0 ? least : Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }
        return least;
    }

    private static void Round(FileJournal journal, byte[] record, bool wait)
    {
        Span<ValueTask<bool>> waiting = Waiting;
        for (int i = 0; i < RecordsPerRound; i++)
        {
            Assert.True(journal.TryAppend(record, out long position));
            if (wait)
            {
                waiting[i] = journal.WaitDurableAsync(position);
            }
            else
            {
                Assert.True(journal.EnsureWritten(position));
            }
        }
        journal.CommitOnce();
        for (int i = 0; wait && i < RecordsPerRound; i++)
        {
            SpinWait spin = default;
            while (!waiting[i].IsCompleted)
            {
                spin.SpinOnce();
            }
            Assert.True(waiting[i].Result);
        }
    }

    /// <summary>Files that keep nothing but the headers and allocate nothing when written.</summary>
    private sealed class QuietFiles : IJournalFiles, IJournalFile
    {
        public string Location => "nowhere";

        public long Length => 8 * 1024 * 1024;

        public IDisposable? TryLock() => this;

        public IReadOnlyList<string> List() => [];

        public IJournalFile Open(string name) => this;

        public IJournalFile Create(string name, long bytes) => this;

        public void Rename(string from, string to)
        {
        }

        public void Delete(string name)
        {
        }

        public void SyncDirectory()
        {
        }

        public int Read(Span<byte> buffer, long offset) => 0;

        public void Write(ReadOnlySpan<byte> bytes, long offset)
        {
        }

        public void Sync()
        {
        }

        public void Dispose()
        {
        }
    }
}
