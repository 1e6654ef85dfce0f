using System.Globalization;
using System.Text;
using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Counters;
using Quota.Grains.Model;
using Quota.Grains.Usage;
using Quota.Silo.Catalog;
using Quota.Silo.Limiting;

namespace Quota.Silo.Execution.Local.Operations;

/// <summary>Gives units back that were counted, on every level of a key, as one transaction.</summary>
internal sealed class RefundOperation(TransactionRunner transactions, KeyTable table)
{
    public StepResult<Outcome<Refunded>> Refund(NamespaceModel owner, byte[] key, RefundInput input, in Instant now)
    {
        KeyLevels levels = KeyLevels.Of(owner, key, Encoding.UTF8.GetBytes(input.Plan));
        if (levels.Plans[0] is { } plan && input.Costs.Keys.FirstOrDefault(u => !plan.Units.Contains(u)) is { } unknown)
        {
            return new(Outcome<Refunded>.Failed(DecisionStatus.InvalidArgument, "costs", $"the plan does not meter {unknown}"), 0, null);
        }
        Instant at = input.DecidedAtMs == 0 ? now : new Instant(Math.Max(0, now.WindowNs - Duration.NsFromMs(now.WallMs - input.DecidedAtMs)), input.DecidedAtMs);
        byte[][] keyIds = [.. levels.Keys.Select(k => UsageMover.KeyId(owner, k))];
        byte[] requestId = RequestId(owner, key, input.RequestId);
        ulong fingerprint = Fingerprint(input);
        return transactions.Run(keyIds, now, transaction =>
        {
            if (requestId.Length > 0 && transaction.TryRead(requestId, out TransactionBlock? known) && RecordHead.ForgetAtNs(known.State) > transaction.Now.WindowNs)
            {
                return RememberedAnswer.Fingerprint(known.State) == fingerprint
                    ? Outcome<Refunded>.Done(RememberedRefund.Decode(known.State, transaction.Now))
                    : Outcome<Refunded>.Failed(DecisionStatus.InvalidArgument, "request_id", "was used for another request of this key");
            }
            if (requestId.Length > 0)
            {
                if (!table.TryCountRecords(owner.NameUtf8, key, transaction.Now, out long ids, out _))
                {
                    return default;
                }
                if (ids >= owner.RequestIdsPerKeyMax)
                {
                    return Outcome<Refunded>.Failed(DecisionStatus.Overloaded, "request_id", $"the key has {owner.RequestIdsPerKeyMax} request ids in its window");
                }
            }
            if (Apply(transaction, levels, keyIds, input, at) is not { } refunded)
            {
                return default;
            }
            if (requestId.Length > 0)
            {
                transaction.Write(requestId, CounterLayout.Record, RememberedRefund.Encode(refunded, fingerprint, transaction.Now.WindowNs + owner.RequestIdWindowNs));
            }
            return Outcome<Refunded>.Done(refunded);
        });
    }

    /// <summary>Null if a block has to be made resident first.</summary>
    private static Refunded? Apply(GrainTransaction transaction, KeyLevels levels, byte[][] keyIds, RefundInput input, in Instant at)
    {
        using var attributes = new AttributeBuffer(input.Attributes);
        var given = new Dictionary<string, long>(StringComparer.Ordinal);
        var limits = new List<LimitLevel>();
        bool isAdjustment = false;
        MonthLabel? month = null;
        for (int level = 0; level < levels.Keys.Count; level++)
        {
            foreach ((string unit, long asked) in input.Costs)
            {
                // A parent gives back what the key itself had used: the rest of what was asked for others have used.
                long units = level == 0 ? asked : given[unit];
                string[] names = [.. Counting(levels.Plans[level], unit, units, attributes).Select(l => l.Name)];
                var book = new UsageBook(transaction, levels.Owner, keyIds[level]);
                if (!book.TryRefund(unit, units, names, level > 0, at, input.Reason, out BookedRefund booked) && transaction.Missing is not null)
                {
                    return null;
                }
                if (!TryGiveBack(transaction, levels, keyIds, level, unit, level == 0 ? booked.Units : units, attributes, at, limits))
                {
                    return null;
                }
                if (level == 0)
                {
                    given[unit] = booked.Units;
                    isAdjustment |= booked.IsAdjustment;
                    month ??= booked.Month;
                }
            }
        }
        return new Refunded(given, isAdjustment, month is { } label ? label.ToString() : "", false, limits, transaction.Now);
    }

    /// <summary>The limits that had counted the units.</summary>
    private static List<LimitModel> Counting(PlanModel? plan, string unit, long units, AttributeBuffer attributes)
    {
        var counting = new List<LimitModel>();
        foreach (LimitModel limit in units == 0 ? [] : plan?.Limits ?? [])
        {
            if (limit.Unit == unit && limit.Shape.Algorithm != LimitAlgorithm.Concurrency && limit.AppliesTo(attributes.Set))
            {
                counting.Add(limit);
            }
        }
        return counting;
    }

    private static bool TryGiveBack(GrainTransaction transaction, KeyLevels levels, byte[][] keyIds, int level, string unit, long units, AttributeBuffer attributes, in Instant at, List<LimitLevel> limits)
    {
        Span<byte> room = stackalloc byte[Bounds.GrainIdBytesMax];
        foreach (LimitModel limit in Counting(levels.Plans[level], unit, units, attributes))
        {
            ReadOnlySpan<byte> valueId = limit.Per.Count == 0 ? default : room[..GrainId.WriteValue(room, levels.Owner.NameUtf8, levels.Keys[level], limit, attributes.Set)];
            if (!CounterAccess.TryFind(transaction, keyIds[level], valueId, limit.Name, unit, out CounterAccess? found))
            {
                if (transaction.Missing is not null)
                {
                    return false;
                }
                continue;
            }
            Counter.Uncount(found.Value.Shape, found.Value.Counter, units, at, transaction.Now);
            found.Value.MarkWritten();
            limits.Add(found.Value.Describe(limit, level, levels.Keys[level], transaction.Now));
        }
        return true;
    }

    private static byte[] RequestId(NamespaceModel owner, byte[] key, string requestId)
    {
        if (requestId.Length == 0)
        {
            return [];
        }
        Span<byte> id = stackalloc byte[Bounds.GrainIdBytesMax];
        return id[..GrainId.WriteRecord(id, GrainId.RequestRecord, owner.NameUtf8, key, Encoding.UTF8.GetBytes(requestId))].ToArray();
    }

    private static ulong Fingerprint(RefundInput input)
    {
        ulong sum = 0;
        foreach ((string unit, long units) in input.Costs)
        {
            sum += Fnv1a.Hash(units, Fnv1a.Hash(Encoding.UTF8.GetBytes(unit)));
        }
        foreach ((string name, string value) in input.Attributes)
        {
            sum += Fnv1a.Hash(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{name.Length}:{name}{value}")));
        }
        return Fnv1a.Hash(input.DecidedAtMs, Fnv1a.Hash((long)sum, Fnv1a.Hash(Encoding.UTF8.GetBytes("refund" + input.Plan))));
    }
}
