using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Model;
using Quota.Grains.Usage;
using Quota.Silo.Catalog;

namespace Quota.Silo.Execution.Local;

/// <summary>
/// Moves what a key's usage section holds into the key's month: at the end of each of its days, before its counters get another
/// layout, and before its month is sealed. Moving changes where numbers are, never what they are.
/// </summary>
internal sealed class UsageMover(TransactionRunner transactions)
{
    /// <summary>Moves the section, whether or not its day is over.</summary>
    public StepFault? Move(NamespaceModel owner, ReadOnlySpan<byte> key, in Instant now)
    {
        byte[] keyId = KeyId(owner, key);
        return transactions.Run<bool>([keyId], now, transaction => Move(transaction, owner, keyId)).Fault;
    }

    /// <summary>The same as part of a transaction. False if a block has to be made resident first.</summary>
    public static bool Move(GrainTransaction transaction, NamespaceModel owner, ReadOnlySpan<byte> keyId)
    {
        if (!transaction.TryRead(keyId, out TransactionBlock? block))
        {
            return transaction.Missing is null;
        }
        if (block.Layout.Usage is null || UsageSection.Read(block.Layout, block.State) is not { } day)
        {
            return true;
        }
        BillingModel billing = block.Layout.Usage.Billing;
        if (!TryOpenMonth(transaction, keyId, day.Month, day.EndMs - 1, out MonthLabel label, out UsageMonth? month))
        {
            return false;
        }
        day = UsageSection.Read(block.Layout, block.State, label)!;
        month ??= UsageCalendar.Open(billing, day);
        UsageCalendar.Reach(month, billing, day);
        month.Add(day);
        WriteMonth(transaction, owner, keyId, label, month);
        UsageSection.Clear(block.Layout, block.State);
        block.MarkWritten();
        return true;
    }

    /// <summary>
    /// Finds the month that counts what belongs to <paramref name="wanted"/> by the calendar: that month, unless it is sealed or the
    /// key has gone on to the next one, because its calendar was changed. What belongs to an instant before the next month's start
    /// (a settlement that comes late) stays in its own.
    /// </summary>
    /// <param name="transaction">Reads the months.</param>
    /// <param name="keyId">Id of the key's own block.</param>
    /// <param name="wanted">The month by the calendar.</param>
    /// <param name="latestMs">The latest instant of what is to be counted.</param>
    /// <param name="label">The month that counts it.</param>
    /// <param name="month">Its record; null if there is none yet.</param>
    /// <returns>False if a block has to be made resident first.</returns>
    public static bool TryOpenMonth(GrainTransaction transaction, ReadOnlySpan<byte> keyId, MonthLabel wanted, long latestMs, out MonthLabel label, out UsageMonth? month)
    {
        label = wanted;
        if (!TryReadMonth(transaction, keyId, label, out month))
        {
            return false;
        }
        while (true)
        {
            if (!TryReadMonth(transaction, keyId, label.Next, out UsageMonth? next))
            {
                return false;
            }
            if ((next is null || latestMs < next.StartMs) && month is not { IsSealed: true })
            {
                return true;
            }
            (label, month) = (label.Next, next);
        }
    }

    /// <summary>Reads a month; null if there is none. False if it has to be made resident first.</summary>
    public static bool TryReadMonth(GrainTransaction transaction, ReadOnlySpan<byte> keyId, MonthLabel label, out UsageMonth? month)
    {
        month = null;
        Span<byte> id = stackalloc byte[Bounds.GrainIdBytesMax];
        if (transaction.TryRead(id[..MonthId(id, keyId, label)], out TransactionBlock? stored))
        {
            Invariant.Check(UsageMonthCodec.TryDecode(stored.State, out month));
        }
        return transaction.Missing is null;
    }

    /// <summary>Stages a month.</summary>
    public static void WriteMonth(GrainTransaction transaction, NamespaceModel owner, ReadOnlySpan<byte> keyId, MonthLabel label, UsageMonth month)
    {
        month.ForgetAtNs = UsageCalendar.ForgetAtNs(month.EndMs, owner.SealGraceMs, owner.RetentionMonths, transaction.Now);
        Span<byte> id = stackalloc byte[Bounds.GrainIdBytesMax];
        transaction.Write(id[..MonthId(id, keyId, label)], CounterLayout.Record, UsageMonthCodec.Encode(month));
    }

    public static byte[] KeyId(NamespaceModel owner, ReadOnlySpan<byte> key) => GrainId.OfKey(owner.NameUtf8, key);

    public static int MonthId(Span<byte> target, ReadOnlySpan<byte> keyId, MonthLabel label)
    {
        Invariant.Check(GrainId.TryReadKey(keyId, out ReadOnlySpan<byte> owner, out ReadOnlySpan<byte> key));
        return GrainId.WriteMonth(target, owner, label, key);
    }
}
