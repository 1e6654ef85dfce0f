using Quota.Silo.Journal;

namespace Quota.Bench;

/// <summary>Takes every record and keeps none: what a decision costs without its journal.</summary>
internal sealed class NoJournal : IJournal
{
    private long _position;

    public JournalStatus Status => JournalStatus.Running;

    public long ActiveSegment => 1;

    public long RetainedBytes => 0;

    public bool TryAppend(ReadOnlySpan<byte> record, out long position)
    {
        position = Interlocked.Increment(ref _position);
        return true;
    }

    public long AppendedPosition => _position;

    public bool EnsureWritten(long position) => true;

    public ValueTask<bool> WaitDurableAsync(long position) => new(true);

    public void Release(long segment)
    {
    }

    public ValueTask DisposeAsync() => default;
}
