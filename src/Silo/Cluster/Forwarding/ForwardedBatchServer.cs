using System.Buffers;
using Quota.Contracts;
using Quota.Grains;
using Quota.Silo.Limiting;

namespace Quota.Silo.Cluster.Forwarding;

/// <summary>
/// Works on batches that other silos send: begins all of their checks, waits once for all of them, and answers. The checks go
/// through a waist of their own, over this silo's executor, so that nothing that was forwarded is ever forwarded again.
/// <para>
/// Safety: a batch belongs to one call; what calls share is the count of decisions under way, which is raised before and lowered
/// after, and bounds the memory that other silos can make this one use.
/// </para>
/// </summary>
/// <param name="limiter">Decides in this silo.</param>
/// <param name="hosting">The partitions of this silo.</param>
internal sealed class ForwardedBatchServer(ILimiter limiter, PartitionHosting hosting)
{
    private int _underWay;

    /// <summary>The answers to a batch. Never throws for what is in it.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> AnswerAsync(ReadOnlyMemory<byte> batch)
    {
        if (!TryReadHead(batch.Span, out int count))
        {
            return Head(isRefused: true, 0);
        }
        if (count == 0)
        {
            return Head(isRefused: false, 0);
        }
        var work = new Work[count];
        int begun = Begin(batch.Span, work);
        try
        {
            // The last first: when it is safe, so are those before it.
            for (int i = count - 1; i >= 0; i--)
            {
                if (work[i].Decision is { } decision)
                {
                    await limiter.CompleteAsync(decision).ConfigureAwait(false);
                }
            }
        }
        finally
        {
            Interlocked.Add(ref _underWay, -begun);
        }
        return Answer(work);
    }

    private static bool TryReadHead(ReadOnlySpan<byte> batch, out int count)
    {
        WireReader reader = new(batch);
        bool isKnown = reader.Byte() == ForwardedCheck.Version;
        reader.Bytes(3);
        count = reader.UInt32();
        return isKnown && !reader.Failed && count <= Bounds.ForwardBatchChecksMax;
    }

    private static ReadOnlyMemory<byte> Head(bool isRefused, int answers)
    {
        byte[] head = new byte[ForwardedAnswer.BatchHeadBytes];
        ForwardedAnswer.WriteBatchHead(head, isRefused, answers);
        return head;
    }

    /// <summary>Begins every check that this silo answers for; returns how many those are.</summary>
    private int Begin(ReadOnlySpan<byte> batch, Work[] work)
    {
        Span<AttributeRange> ranges = stackalloc AttributeRange[Bounds.AttributesMax];
        Span<NamedCost> costs = stackalloc NamedCost[Bounds.UnitsMax];
        Span<ulong> fingerprints = stackalloc ulong[Bounds.LevelsMax];
        WireReader reader = new(batch[ForwardedCheck.BatchHeadBytes..]);
        Instant now = limiter.Now();
        int begun = 0;
        for (int i = 0; i < work.Length; i++)
        {
            ReadOnlySpan<byte> frame = reader.Frame();
            if (reader.Failed || !ForwardedCheck.TryRead(frame, ranges, costs, fingerprints, out ForwardedCheck check))
            {
                work[i].Outcome = ForwardedOutcome.Unreadable;
            }
            else if (!hosting.Serves(check.Partition, check.Epoch))
            {
                work[i].Outcome = ForwardedOutcome.NotOwner;
            }
            else if (Interlocked.Increment(ref _underWay) > Bounds.ForwardedDecisionsMax)
            {
                Interlocked.Decrement(ref _underWay);
                work[i].Outcome = ForwardedOutcome.Busy;
            }
            else
            {
                begun++;
                work[i] = new Work { Decision = new Decision(), Epoch = hosting.EpochOf(check.Partition), Fingerprints = check.Fingerprints.ToArray() };
                Begin(check, now, work[i].Decision!);
            }
        }
        return begun;
    }

    private void Begin(in ForwardedCheck check, in Instant now, Decision decision)
    {
        var request = new CheckRequest
        {
            Namespace = check.Namespace,
            Key = check.Key,
            Cost = check.Cost,
            Named = check.Named,
            IsPeek = check.IsPeek,
            Attributes = check.Attributes,
            Plan = check.Plan,
            RequestId = check.RequestId,
        };
        if (check.Hold is { } terms)
        {
            limiter.Reserve(request, terms, now, decision);
        }
        else
        {
            limiter.Begin(request, now, decision);
        }
    }

    private static ReadOnlyMemory<byte> Answer(Work[] work)
    {
        var answers = new ArrayBufferWriter<byte>(ForwardedAnswer.BatchHeadBytes + (work.Length * ForwardedAnswer.BytesUsual));
        ForwardedAnswer.WriteBatchHead(answers.GetSpan(ForwardedAnswer.BatchHeadBytes), isRefused: false, work.Length);
        answers.Advance(ForwardedAnswer.BatchHeadBytes);
        foreach (ref readonly Work item in work.AsSpan())
        {
            answers.Advance(item.Decision is null
                ? ForwardedAnswer.WriteUndone(answers.GetSpan(ForwardedAnswer.UndoneBytes), item.Outcome)
                : ForwardedAnswer.Write(answers.GetSpan(ForwardedAnswer.BytesMax(item.Decision)), item.Decision, item.Epoch, item.Fingerprints));
        }
        return answers.WrittenMemory;
    }

    /// <summary>One check of a batch.</summary>
    private struct Work
    {
        /// <summary>Null if nothing is done; then <see cref="Outcome"/> says why.</summary>
        public Decision? Decision;

        public ForwardedOutcome Outcome;
        public long Epoch;
        public ulong[] Fingerprints;
    }
}
