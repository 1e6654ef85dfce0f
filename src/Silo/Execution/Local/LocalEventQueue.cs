using Quota.Grains.Model;
using Quota.Silo.Catalog;
using Quota.Silo.Events;
using Quota.Silo.Journal;
using Quota.Silo.Time;

namespace Quota.Silo.Execution.Local;

/// <summary>Threshold events as records of the key table. Safe for concurrent use: it has no state of its own.</summary>
internal sealed class LocalEventQueue(TransactionRunner transactions, IJournal journal, IClock clock) : IEventQueue
{
    public async ValueTask<EventRead> ReadAsync(ReadOnlyMemory<byte> recordId, CancellationToken cancellation)
    {
        // An event is sent only once the decision it is about cannot be lost any more.
        if (!await journal.WaitDurableAsync(journal.AppendedPosition).ConfigureAwait(false))
        {
            return new EventRead(EventReadStatus.Unavailable);
        }
        byte[] id = recordId.ToArray();
        StepResult<byte[]?> read = transactions.Run([GrainId.KeyIdOf(id)], clock.Now(), transaction => transaction.TryRead(id, out TransactionBlock? block) ? block.State : null);
        if (read.Fault is not null)
        {
            return new EventRead(EventReadStatus.Unavailable);
        }
        return read.Value is not null && ThresholdEventRecord.TryRead(read.Value, out ThresholdEvent? content, out EventDelivery delivery)
            ? new EventRead(EventReadStatus.Found, content, delivery)
            : new EventRead(EventReadStatus.Gone);
    }

    public async ValueTask<bool> CompleteAsync(ReadOnlyMemory<byte> recordId, EventDelivery delivery, CancellationToken cancellation)
    {
        byte[] id = recordId.ToArray();
        StepResult<bool> step = transactions.Run([GrainId.KeyIdOf(id)], clock.Now(), transaction =>
        {
            if (transaction.TryRead(id, out TransactionBlock? block))
            {
                ThresholdEventRecord.WriteDelivery(block.State, delivery);
                transaction.Write(id, CounterLayout.Record, block.State);
            }
            return true;
        });
        return step.Fault is null && await transactions.WaitKeptAsync(step.Position, SyncMode.Commit).ConfigureAwait(false);
    }
}
