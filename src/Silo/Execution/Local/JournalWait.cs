using System.Runtime.CompilerServices;
using Quota.Silo.Catalog;
using Quota.Silo.Journal;
using Quota.Silo.Limiting;

namespace Quota.Silo.Execution.Local;

/// <summary>Lets an answer leave once the journal has kept its decision as safely as its namespace asks. Safe for concurrent use.</summary>
internal sealed class JournalWait(IJournal journal)
{
    public ValueTask CompleteAsync(Decision decision)
    {
        if (decision.Namespace!.Sync == SyncMode.Os)
        {
            if (!journal.EnsureWritten(decision.JournalPosition))
            {
                FailUnkept(decision);
            }
            return default;
        }
        ValueTask<bool> durable = journal.WaitDurableAsync(decision.JournalPosition);
        if (!durable.IsCompletedSuccessfully)
        {
            return Await(durable, decision);
        }
        if (!durable.Result)
        {
            FailUnkept(decision);
        }
        return default;

        [AsyncMethodBuilder(typeof(PoolingAsyncValueTaskMethodBuilder))]
        static async ValueTask Await(ValueTask<bool> durable, Decision decision)
        {
            if (!await durable.ConfigureAwait(false))
            {
                FailUnkept(decision);
            }
        }
    }

    private static void FailUnkept(Decision decision) =>
        decision.Fail(DecisionStatus.Unavailable, "the decision could not be kept: the journal failed");
}
