using System.Buffers.Binary;
using System.Text;
using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Model;
using Quota.Silo.Limiting;

namespace Quota.Silo.Execution.Local;

/// <summary>
/// What a request id is remembered with (block kind 4): the fingerprint of the request, and the answer, so that a repeat gets it again
/// whatever the plan has become since. Only what was allowed and counted is remembered. Little-endian, APPEND-ONLY (golden test:
/// RecordGoldenTests; docs/DATA_FILE.md).
/// <code>
/// i64 forget at ns, u8 version = 1, u8 key treatment, u8 levels above, u8 results, u32 0, u64 fingerprint, i64 window ns, i64 wall ms,
/// u64 reservation id high, u64 low, i64 reservation expires ms (all 0: none), u8 plan length, plan
/// per level above: u16 key length, key
/// per result: u8 level, u8 flags (1 exceeded, 2 shadow), u8 algorithm, u8 name length, u8 unit length, 3 bytes 0,
///             i64 capacity, i64 window of the limit ns, i64 remaining, i64 reset after ms, i64 retry after ms, name, unit
/// </code>
/// </summary>
internal static class RememberedAnswer
{
    private const byte Version = 1;
    private const int HeadBytes = 64;
    private const int ResultHeadBytes = 48;
    private const byte Exceeded = 1;
    private const byte Shadow = 2;

    /// <summary>Room that is always enough.</summary>
    public static int BytesMax(Decision decision, PlanModel plan, int levels) =>
        HeadBytes + 1 + Encoding.UTF8.GetMaxByteCount(plan.Name.Length) + (levels * (2 + Bounds.KeyBytesMax)) + (decision.Results.Length * (ResultHeadBytes + (2 * Bounds.NameBytesMax)));

    /// <summary>Whether the record is an answer that names this key as one of the levels above; that of a refund never is.</summary>
    public static bool Names(ReadOnlySpan<byte> state, ReadOnlySpan<byte> key)
    {
        if (state[8] != Version)
        {
            return false;
        }
        int n = HeadBytes + 1 + state[HeadBytes];
        for (int level = 0; level < state[10]; level++)
        {
            int length = BinaryPrimitives.ReadUInt16LittleEndian(state[n..]);
            if (state.Slice(n + 2, length).SequenceEqual(key))
            {
                return true;
            }
            n += 2 + length;
        }
        return false;
    }

    public static int Write(Span<byte> target, Decision decision, PlanModel plan, int levels, ulong fingerprint, long forgetAtNs)
    {
        target[..HeadBytes].Clear();
        RecordHead.Write(target, forgetAtNs);
        target[8] = Version;
        target[9] = (byte)decision.KeyTreatment;
        target[10] = (byte)(levels - 1);
        target[11] = (byte)decision.Results.Length;
        BinaryPrimitives.WriteUInt64LittleEndian(target[16..], fingerprint);
        BinaryPrimitives.WriteInt64LittleEndian(target[24..], decision.At.WindowNs);
        BinaryPrimitives.WriteInt64LittleEndian(target[32..], decision.At.WallMs);
        BinaryPrimitives.WriteUInt64LittleEndian(target[40..], (ulong)(decision.Reservation.Id >> 64));
        BinaryPrimitives.WriteUInt64LittleEndian(target[48..], (ulong)decision.Reservation.Id);
        BinaryPrimitives.WriteInt64LittleEndian(target[56..], decision.Reservation.ExpiresMs);
        int n = HeadBytes + 1;
        target[HeadBytes] = (byte)Encoding.UTF8.GetBytes(plan.Name, target[n..]);
        n += target[HeadBytes];
        for (int level = 1; level < levels; level++)
        {
            ReadOnlySpan<byte> key = decision.KeyOf(level);
            BinaryPrimitives.WriteUInt16LittleEndian(target[n..], (ushort)key.Length);
            key.CopyTo(target[(n + 2)..]);
            n += 2 + key.Length;
        }
        foreach (ref readonly LimitResult result in decision.Results)
        {
            n += WriteResult(target[n..], decision.LimitOf(result), result);
        }
        return n;
    }

    /// <summary>The fingerprint of the request that was answered.</summary>
    public static ulong Fingerprint(ReadOnlySpan<byte> state) => BinaryPrimitives.ReadUInt64LittleEndian(state[16..]);

    /// <summary>Gives the answer again.</summary>
    public static void Restore(ReadOnlySpan<byte> state, Decision decision)
    {
        Invariant.Check(state[8] == Version);
        var at = new Instant(BinaryPrimitives.ReadInt64LittleEndian(state[24..]), BinaryPrimitives.ReadInt64LittleEndian(state[32..]));
        int levels = state[10] + 1;
        int resultCount = state[11];
        var plans = new List<LimitModel>[levels];
        var keys = new byte[levels][];
        string planName = Encoding.UTF8.GetString(state.Slice(HeadBytes + 1, state[HeadBytes]));
        ReadOnlySpan<byte> rest = state[(HeadBytes + 1 + state[HeadBytes])..];
        for (int level = 0; level < levels; level++)
        {
            plans[level] = [];
            int length = level == 0 ? 0 : BinaryPrimitives.ReadUInt16LittleEndian(rest);
            keys[level] = level == 0 ? [] : rest.Slice(2, length).ToArray();
            rest = level == 0 ? rest : rest[(2 + length)..];
        }
        Span<LimitResult> results = decision.ResultBuffer(resultCount);
        for (int i = 0; i < resultCount; i++)
        {
            LimitModel limit = ReadResult(ref rest, ref results[i]);
            results[i].LimitIndex = plans[results[i].Level].Count;
            plans[results[i].Level].Add(limit);
        }
        for (int level = 1; level < levels; level++)
        {
            decision.SetLevel(level, new PlanModel(planName, plans[level]), keys[level]);
        }
        decision.Repeat(new PlanModel(planName, plans[0]), at, (KeyTreatment)state[9]);
        var id = new UInt128(BinaryPrimitives.ReadUInt64LittleEndian(state[40..]), BinaryPrimitives.ReadUInt64LittleEndian(state[48..]));
        decision.Reservation = new ReservationHandle(id, BinaryPrimitives.ReadInt64LittleEndian(state[56..]));
    }

    private static int WriteResult(Span<byte> target, LimitModel limit, in LimitResult result)
    {
        target[..ResultHeadBytes].Clear();
        byte[] unit = limit.UnitUtf8;
        target[0] = result.Level;
        target[1] = (byte)((result.Exceeded ? Exceeded : 0) | (limit.Mode == LimitMode.Shadow ? Shadow : 0));
        target[2] = (byte)limit.Shape.Algorithm;
        target[3] = (byte)limit.NameUtf8.Length;
        target[4] = (byte)unit.Length;
        BinaryPrimitives.WriteInt64LittleEndian(target[8..], result.Amount);
        BinaryPrimitives.WriteInt64LittleEndian(target[16..], WindowNs(limit.Shape));
        BinaryPrimitives.WriteInt64LittleEndian(target[24..], result.Remaining);
        BinaryPrimitives.WriteInt64LittleEndian(target[32..], result.ResetAfterMs);
        BinaryPrimitives.WriteInt64LittleEndian(target[40..], result.RetryAfterMs);
        limit.NameUtf8.CopyTo(target[ResultHeadBytes..]);
        unit.CopyTo(target[(ResultHeadBytes + limit.NameUtf8.Length)..]);
        return ResultHeadBytes + limit.NameUtf8.Length + unit.Length;
    }

    /// <summary>The window that headers name; 0 for a calendar.</summary>
    private static long WindowNs(CounterShape shape) =>
        shape.PeriodNs == 0 ? 0 : Math.Clamp(shape.BurstNs > 0 ? shape.BurstNs : shape.PeriodNs, Bounds.PeriodNsMin, Bounds.PeriodNsMax);

    /// <summary>A limit with everything an answer says of it; it is never counted on.</summary>
    private static LimitModel ReadResult(ref ReadOnlySpan<byte> rest, ref LimitResult result)
    {
        int nameLength = rest[3];
        int unitLength = rest[4];
        long capacity = BinaryPrimitives.ReadInt64LittleEndian(rest[8..]);
        long windowNs = BinaryPrimitives.ReadInt64LittleEndian(rest[16..]);
        string name = Encoding.UTF8.GetString(rest.Slice(ResultHeadBytes, nameLength));
        string unit = Encoding.UTF8.GetString(rest.Slice(ResultHeadBytes + nameLength, unitLength));
        LimitMode mode = (rest[1] & Shadow) != 0 ? LimitMode.Shadow : LimitMode.Enforce;
        result = new LimitResult
        {
            Level = rest[0],
            Exceeded = (rest[1] & Exceeded) != 0,
            Amount = capacity,
            Remaining = BinaryPrimitives.ReadInt64LittleEndian(rest[24..]),
            ResetAfterMs = BinaryPrimitives.ReadInt64LittleEndian(rest[32..]),
            RetryAfterMs = BinaryPrimitives.ReadInt64LittleEndian(rest[40..]),
        };
        int length = ResultHeadBytes + nameLength + unitLength;
        if ((LimitAlgorithm)rest[2] == LimitAlgorithm.Concurrency)
        {
            rest = rest[length..];
            return LimitModel.Concurrency(name, capacity, mode, unit: unit);
        }
        rest = rest[length..];
        return windowNs > 0
            ? LimitModel.FixedWindow(name, capacity, windowNs, mode, unit: unit)
            : LimitModel.Quota(name, capacity, BillingModel.Utc.Month, mode, unit: unit);
    }
}
