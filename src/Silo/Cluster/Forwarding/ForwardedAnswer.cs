using System.Text;
using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Model;
using Quota.Silo.Limiting;

namespace Quota.Silo.Cluster.Forwarding;

/// <summary>
/// The answer to a forwarded check. Little-endian, APPEND-ONLY (golden test: ForwardingGoldenTests).
/// <code>
/// a batch:    u8 version = 1, u8 1 if the batch was refused as a whole (for its version), 2 bytes 0, u32 answers, then per answer, in the order
///             of the checks: u32 length of what follows, the answer
/// an answer:  u8 outcome (<see cref="ForwardedOutcome"/>); of an answered check also:
///             u8 status, u8 flags (1 allowed, 2 repeat, 4 reservation), u8 reason, u8 key treatment,
///             u8 levels, u8 results, u8 deciding result (255: none), i64 epoch of the partition, i64 window ns, i64 wall ms
///             with a reservation: u64 id high, u64 id low, i64 expires ms
///             if there is no decision: u8 field length, field, u16 message length, message
///             per level: u8 form (0 the sender's plan, 1 described), u8 plan name length, name (of a described level),
///                        u16 key length, key (of a level above)
///             per result: u8 level, u8 limit (0 of a described level), u8 1 if exceeded, i64 amount, i64 remaining,
///                        i64 reset after ms, i64 retry after ms; of a described level also <see cref="DescribedLevel"/>
/// </code>
/// </summary>
internal static class ForwardedAnswer
{
    public const byte Version = 1;
    public const int BatchHeadBytes = 8;

    /// <summary>Of an answer that nothing was done.</summary>
    public const int UndoneBytes = sizeof(int) + 1;

    /// <summary>Of most answers: two limits of a plan that both silos have.</summary>
    public const int BytesUsual = sizeof(int) + HeadBytes + 1 + (2 * ResultBytes);

    private const int HeadBytes = 32;
    private const int ReservationBytes = 24;
    private const int ResultBytes = 35;
    private const int Allowed = 1;
    private const int Repeat = 2;
    private const int Reserved = 4;
    private const int NoResult = byte.MaxValue;

    /// <summary>The answer to a batch that nobody has worked on.</summary>
    public static ReadOnlyMemory<byte> Refusal { get; } = new byte[] { Version, 1, 0, 0, 0, 0, 0, 0 };

    /// <summary>The head of a batch of answers.</summary>
    public static void WriteBatchHead(Span<byte> target, bool isRefused, int answers)
    {
        WireWriter writer = new(target);
        writer.Byte(Version);
        writer.Byte(isRefused ? 1 : 0);
        writer.Skip(2);
        writer.UInt32(answers);
    }

    /// <summary>Reads the head of a batch of answers; false if it is none.</summary>
    /// <param name="reader">At the beginning of the batch.</param>
    /// <param name="isRefused">Nobody has worked on the batch.</param>
    /// <param name="answers">How many there are.</param>
    public static bool TryReadBatchHead(ref WireReader reader, out bool isRefused, out int answers)
    {
        bool isKnown = reader.Byte() == Version;
        isRefused = reader.Byte() != 0;
        reader.Bytes(2);
        answers = reader.UInt32();
        return isKnown && !reader.Failed;
    }

    /// <summary>Room that is always enough for an answer and the length before it.</summary>
    public static int BytesMax(Decision decision) =>
        sizeof(int) + HeadBytes + ReservationBytes + (decision.Status == DecisionStatus.Decided ? 0 : 3 + Bounds.NameBytesMax + Bounds.GrpcMessageBytesMax)
        + (Bounds.LevelsMax * (4 + (4 * Bounds.NameBytesMax) + Bounds.KeyBytesMax)) + (decision.Results.Length * (ResultBytes + DescribedLevel.BytesMax));

    /// <summary>Writes that nothing was done, the length before it.</summary>
    public static int WriteUndone(Span<byte> target, ForwardedOutcome outcome)
    {
        WireWriter writer = new(target);
        writer.UInt32(1);
        writer.Byte((byte)outcome);
        return writer.Position;
    }

    /// <summary>Writes a completed decision, its length before it; returns how many bytes that were.</summary>
    /// <param name="target">At least <see cref="BytesMax"/>.</param>
    /// <param name="decision">Completed.</param>
    /// <param name="epoch">Of the key's partition.</param>
    /// <param name="fingerprints">The sender's plans, by level.</param>
    public static int Write(Span<byte> target, Decision decision, long epoch, ReadOnlySpan<ulong> fingerprints)
    {
        bool hasResults = decision.Status == DecisionStatus.Decided && decision.Plan is not null;
        int levels = hasResults ? 1 : 0;
        ReadOnlySpan<LimitResult> results = hasResults ? decision.Results : default;
        foreach (ref readonly LimitResult result in results)
        {
            levels = Math.Max(levels, result.Level + 1);
        }
        WireWriter writer = new(target);
        writer.Skip(sizeof(int));
        writer.Byte((byte)ForwardedOutcome.Answered);
        writer.Byte((byte)decision.Status);
        writer.Byte((decision.Allowed ? Allowed : 0) | (decision.IsRepeat ? Repeat : 0) | (decision.Reservation.Exists ? Reserved : 0));
        writer.Byte((byte)decision.Reason);
        writer.Byte((byte)decision.KeyTreatment);
        writer.Byte(levels);
        writer.Byte(results.Length);
        writer.Byte(decision.DecidingResult < 0 || !hasResults ? NoResult : decision.DecidingResult);
        writer.Int64(epoch);
        writer.Int64(decision.At.WindowNs);
        writer.Int64(decision.At.WallMs);
        if (decision.Reservation.Exists)
        {
            writer.UInt64((ulong)(decision.Reservation.Id >> 64));
            writer.UInt64((ulong)decision.Reservation.Id);
            writer.Int64(decision.Reservation.ExpiresMs);
        }
        if (decision.Status != DecisionStatus.Decided)
        {
            WriteError(ref writer, decision);
        }
        uint described = WriteLevels(ref writer, decision, levels, fingerprints);
        WriteResults(ref writer, decision, results, described);
        writer.Length(0);
        return writer.Position;
    }

    /// <summary>
    /// Reads an answer, without the length before it. If it was answered, the call's decision is what the owner decided; the
    /// caller makes a decision of its own if this returns false.
    /// </summary>
    public static bool TryRead(ReadOnlySpan<byte> bytes, ForwardedCall call, out ForwardedOutcome outcome, out long epoch)
    {
        WireReader reader = new(bytes);
        outcome = (ForwardedOutcome)reader.Byte();
        epoch = 0;
        if (reader.Failed || outcome != ForwardedOutcome.Answered)
        {
            return !reader.Failed && outcome <= ForwardedOutcome.Unreadable;
        }
        Decision decision = call.Decision;
        var status = (DecisionStatus)reader.Byte();
        int flags = reader.Byte();
        var reason = (DecisionReason)reader.Byte();
        var treatment = (KeyTreatment)reader.Byte();
        int levels = reader.Byte();
        int results = reader.Byte();
        int deciding = reader.Byte() is var index && index == NoResult ? -1 : index;
        epoch = reader.Int64();
        long windowNs = reader.Int64();
        long wallMs = reader.Int64();
        ReservationHandle reservation = (flags & Reserved) == 0 ? default : new ReservationHandle(new UInt128(reader.UInt64(), reader.UInt64()), reader.Int64());
        if (reader.Failed || status is DecisionStatus.Pending or > DecisionStatus.Unavailable || levels > Bounds.LevelsMax
            || deciding >= results || results > Bounds.LevelsMax * Bounds.LimitsPerPlanMax || (levels == 0 && results > 0) || !Instant.IsInBounds(windowNs, wallMs))
        {
            return false;
        }
        decision.At = new Instant(windowNs, wallMs);
        if (status != DecisionStatus.Decided)
        {
            return TryReadError(ref reader, status, decision);
        }
        if (levels == 0)
        {
            decision.DecideByPolicy(reason, (flags & Allowed) != 0);
        }
        else if (!TryReadLimits(ref reader, call, levels, results, deciding, (flags & Repeat) != 0))
        {
            return false;
        }
        decision.KeyTreatment = treatment;
        decision.Reservation = reservation;
        return true;
    }

    private static void WriteError(ref WireWriter writer, Decision decision)
    {
        Span<byte> buffer = stackalloc byte[Bounds.GrpcMessageBytesMax];
        Encoding.UTF8.TryGetBytes(decision.ErrorField ?? "", buffer[..Bounds.NameBytesMax], out int length);
        writer.Byte(length);
        writer.Bytes(buffer[..length]);
        string message = decision.ErrorMessage ?? "";
        length = Encoding.UTF8.GetByteCount(message) <= buffer.Length ? Encoding.UTF8.GetBytes(message, buffer) : 0;
        writer.UInt16(length);
        writer.Bytes(buffer[..length]);
    }

    private static bool TryReadError(ref WireReader reader, DecisionStatus status, Decision decision)
    {
        string field = Encoding.UTF8.GetString(reader.Bytes(reader.Byte()));
        string message = Encoding.UTF8.GetString(reader.Bytes(reader.UInt16()));
        if (!reader.Failed)
        {
            decision.Reject(status, field.Length == 0 ? null : field, message);
        }
        return !reader.Failed;
    }

    /// <summary>Returns the levels that are described, as a mask.</summary>
    private static uint WriteLevels(ref WireWriter writer, Decision decision, int levels, ReadOnlySpan<ulong> fingerprints)
    {
        uint described = 0;
        Span<byte> name = stackalloc byte[4 * Bounds.NameBytesMax];
        for (int level = 0; level < levels; level++)
        {
            PlanModel plan = decision.PlanOf(level);
            if (level < fingerprints.Length && PlanFingerprint.Of(plan) == fingerprints[level])
            {
                writer.Byte(0);
            }
            else
            {
                described |= 1u << level;
                writer.Byte(1);
                int length = Encoding.UTF8.GetBytes(plan.Name, name);
                writer.Byte(length);
                writer.Bytes(name[..length]);
            }
            if (level > 0)
            {
                writer.UInt16(decision.KeyOf(level).Length);
                writer.Bytes(decision.KeyOf(level));
            }
        }
        return described;
    }

    private static void WriteResults(ref WireWriter writer, Decision decision, ReadOnlySpan<LimitResult> results, uint described)
    {
        foreach (ref readonly LimitResult result in results)
        {
            bool isDescribed = (described & (1u << result.Level)) != 0;
            writer.Byte(result.Level);
            writer.Byte(isDescribed ? 0 : result.LimitIndex);
            writer.Byte(result.Exceeded ? 1 : 0);
            writer.Int64(result.Amount);
            writer.Int64(result.Remaining);
            writer.Int64(result.ResetAfterMs);
            writer.Int64(result.RetryAfterMs);
            if (isDescribed)
            {
                DescribedLevel.Write(ref writer, decision.LimitOf(result));
            }
        }
    }

    private static bool TryReadLimits(ref WireReader reader, ForwardedCall call, int levels, int count, int deciding, bool isRepeat)
    {
        Decision decision = call.Decision;
        var described = new DescribedLevel?[levels];
        var keys = new byte[levels][];
        for (int level = 0; level < levels; level++)
        {
            bool isDescribed = reader.Byte() != 0;
            described[level] = isDescribed ? new DescribedLevel(Encoding.UTF8.GetString(reader.Bytes(reader.Byte()))) : null;
            keys[level] = level == 0 ? [] : reader.Bytes(reader.UInt16()).ToArray();
            if (!isDescribed && level >= call.Levels.Length)
            {
                return false;
            }
        }
        Span<LimitResult> results = decision.ResultBuffer(count);
        foreach (ref LimitResult result in results)
        {
            result = new LimitResult { Level = reader.Byte(), LimitIndex = reader.Byte(), Exceeded = reader.Byte() != 0 };
            result.Amount = reader.Int64();
            result.Remaining = reader.Int64();
            result.ResetAfterMs = reader.Int64();
            result.RetryAfterMs = reader.Int64();
            if (reader.Failed || result.Level >= levels)
            {
                return false;
            }
            if (described[result.Level] is { } level && !level.TryRead(ref reader, ref result))
            {
                return false;
            }
            if (described[result.Level] is null && result.LimitIndex >= call.Levels[result.Level].Limits.Length)
            {
                return false;
            }
        }
        for (int level = 0; level < levels; level++)
        {
            decision.SetLevel(level, described[level]?.ToPlan() ?? call.Levels[level], keys[level]);
        }
        if (isRepeat)
        {
            decision.Repeat(decision.Plan!, decision.At, KeyTreatment.None);
        }
        else
        {
            decision.Decide(decision.Plan!, deciding);
        }
        return true;
    }
}
