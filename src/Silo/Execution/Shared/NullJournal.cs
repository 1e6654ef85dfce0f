using Quota.Silo.Journal;

namespace Quota.Silo.Execution.Shared;

/// <summary>The journal of steps that are kept by a commit to the store instead: it takes every record and keeps none.</summary>
internal sealed class NullJournal : IJournal
{
    public JournalStatus Status => JournalStatus.Running;

    public long AppendedPosition => 0;

    public long ActiveSegment => 0;

    public long RetainedBytes => 0;

    public bool TryAppend(ReadOnlySpan<byte> record, out long position)
    {
        position = 1;
        return true;
    }

    public bool EnsureWritten(long position) => true;

    public ValueTask<bool> WaitDurableAsync(long position) => new(true);

    public void Release(long segment)
    {
    }

    public ValueTask DisposeAsync() => default;
}
