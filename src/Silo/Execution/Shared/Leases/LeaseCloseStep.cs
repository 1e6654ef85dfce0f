using Quota.Grains;
using Quota.Grains.Counters;
using Quota.Grains.Model;
using Quota.Grains.Usage;
using Quota.Silo.Cluster;
using Quota.Silo.Execution.Local;
using Quota.Silo.Store;

namespace Quota.Silo.Execution.Shared.Leases;

/// <summary>
/// Settles leases, as part of a transaction: what was spent becomes usage, what was not is given back to where it was counted, and the
/// lease leaves the book. All of it is one commit with the block, so a lease is settled once, whoever tries and however often.
/// </summary>
internal static class LeaseCloseStep
{
    /// <summary>Settles the holder's leases on the block that do not go on, and such of others that are lost.</summary>
    /// <param name="transaction">The step.</param>
    /// <param name="target">The block.</param>
    /// <param name="desk">The silo's leases.</param>
    /// <returns>False if a block has to be brought first.</returns>
    public static bool TryClose(GrainTransaction transaction, LeaseTarget target, LeaseDesk desk)
    {
        if (target.Closing is { LeaseId: 0 } notes && !TryBook(transaction, target.Block, notes.Usage))
        {
            return false;
        }
        if (!transaction.TryRead(target.BookId, out TransactionBlock? book))
        {
            return transaction.Missing is null;
        }
        if (!LeaseBook.TryDecode(book.State, out List<LeaseEntry> leases))
        {
            throw new StoreException("the store holds leases that this build cannot read");
        }
        var kept = new List<LeaseEntry>();
        foreach (LeaseEntry lease in leases)
        {
            bool isOwn = lease.Holder == desk.Holder;
            LostLeases lost = isOwn || transaction.Now.WindowNs < lease.EndNs + Duration.NsFromMs(target.Block.Owner.Leases.LostAfterMs) ? LostLeases.Keep : target.Block.Owner.Leases.Lost;
            if (isOwn && lease.Id != target.LiveId && lease.Id != target.Closing?.LeaseId)
            {
                // What was spent of it before a start may be in the silo's own store only.
                desk.Bring(target.Block, transaction.Now);
                desk.Close(target, target.Block, transaction.Now);
            }
            if (isOwn ? lease.Id == target.LiveId : lost == LostLeases.Keep)
            {
                kept.Add(lease);
            }
            else if (!(isOwn ? TrySettle(transaction, target.Block, lease, target.Closing) : TrySettleLost(transaction, target.Block, lease, lost)))
            {
                return false;
            }
        }
        if (kept.Count == 0)
        {
            transaction.Delete(target.BookId);
        }
        else if (kept.Count < leases.Count)
        {
            transaction.Write(target.BookId, CounterLayout.Record, LeaseBook.Encode(kept));
        }
        return true;
    }

    /// <summary>Settles a lease of this silo. One that neither its memory nor its own store knows was granted by a commit it never learnt of: nothing was spent.</summary>
    private static bool TrySettle(GrainTransaction transaction, CheckBlock block, LeaseEntry lease, LeaseSnapshot? snapshot)
    {
        bool isKnown = snapshot?.LeaseId == lease.Id;
        return TryGiveBack(transaction, block.Id, lease, permits => isKnown ? snapshot!.Spent(permits.Limit, permits.Unit) : 0)
            && (!isKnown || TryBook(transaction, block, snapshot!.Usage));
    }

    private static bool TrySettleLost(GrainTransaction transaction, CheckBlock block, LeaseEntry lease, LostLeases policy) =>
        policy == LostLeases.Release
            ? TryGiveBack(transaction, block.Id, lease, _ => 0)
            : TryBook(transaction, block, month => LostUsage.Of(block, lease, month));

    private static bool TryGiveBack(GrainTransaction transaction, byte[] blockId, LeaseEntry lease, Func<LeasePermits, long> spent)
    {
        if (!transaction.TryRead(blockId, out TransactionBlock? block))
        {
            return transaction.Missing is null;
        }
        foreach (LeasePermits permits in lease.Permits)
        {
            long unspent = permits.Granted - spent(permits);
            Invariant.Check(unspent >= 0);
            int index = Array.FindIndex(block.Layout.Shapes, s => s.LimitName == permits.Limit && s.Unit == permits.Unit);
            if (unspent > 0 && index >= 0 && block.Layout.Shapes[index].Algorithm is not (LimitAlgorithm.PerValue or LimitAlgorithm.Concurrency))
            {
                Counter.Uncount(block.Layout.Shapes[index], block.Layout.Counter(block.State.AsSpan(), index), unspent, lease.GrantedAt, transaction.Now);
                block.MarkWritten();
            }
        }
        return true;
    }

    /// <summary>Adds usage to the key's running day if it is of that day, and to its month otherwise.</summary>
    private static bool TryBook(GrainTransaction transaction, CheckBlock block, Func<MonthLabel?, UsageDay?> usage)
    {
        if (block.Limit >= 0 || usage(null) is not { } day)
        {
            return true;
        }
        bool isThere = transaction.TryRead(block.KeyId, out TransactionBlock? key);
        if (transaction.Missing is not null)
        {
            return false;
        }
        if (isThere && key!.Layout.Usage is not null && transaction.Now.WallMs < day.EndMs && UsageSection.TryMerge(key.Layout, key.State, day))
        {
            key.MarkWritten();
            return true;
        }
        BillingModel billing = isThere ? key!.Layout.Usage?.Billing ?? block.Owner.Billing : block.Owner.Billing;
        if (!UsageMover.TryOpenMonth(transaction, block.KeyId, day.Month, day.EndMs - 1, out MonthLabel label, out UsageMonth? month))
        {
            return false;
        }
        day = usage(label)!;
        month ??= UsageCalendar.Open(billing, day);
        UsageCalendar.Reach(month, billing, day);
        month.Add(day);
        UsageMover.WriteMonth(transaction, block.Owner, block.KeyId, label, month);
        return true;
    }
}
