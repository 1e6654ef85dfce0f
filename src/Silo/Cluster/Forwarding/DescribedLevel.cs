using System.Text;
using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Model;

namespace Quota.Silo.Cluster.Forwarding;

/// <summary>
/// The limits of a level whose plan the sender does not have as the owner has it: what an answer says of them, and no more; they
/// are never counted on. Little-endian, APPEND-ONLY (golden test: ForwardingGoldenTests).
/// <code>
/// per result: u8 algorithm, u8 1 in shadow mode, u8 name length, u8 unit length, i64 window ns (0: a calendar's), name, unit
/// </code>
/// </summary>
internal sealed class DescribedLevel(string planName)
{
    /// <summary>Most bytes of one limit.</summary>
    public const int BytesMax = 12 + Bounds.NameBytesMax + Bounds.UnitBytesMax;

    private readonly List<LimitModel> _limits = [];

    public static void Write(ref WireWriter writer, LimitModel limit)
    {
        writer.Byte((byte)limit.Shape.Algorithm);
        writer.Byte(limit.Mode == LimitMode.Shadow ? 1 : 0);
        writer.Byte(limit.NameUtf8.Length);
        writer.Byte(limit.UnitUtf8.Length);
        CounterShape shape = limit.Shape;
        writer.Int64(shape.PeriodNs == 0 ? 0 : Math.Clamp(shape.BurstNs > 0 ? shape.BurstNs : shape.PeriodNs, Bounds.PeriodNsMin, Bounds.PeriodNsMax));
        writer.Bytes(limit.NameUtf8);
        writer.Bytes(limit.UnitUtf8);
    }

    /// <summary>Reads the limit of a result and says in the result which of this level's it is. False if the bytes are no limit.</summary>
    public bool TryRead(ref WireReader reader, ref LimitResult result)
    {
        var algorithm = (LimitAlgorithm)reader.Byte();
        LimitMode mode = reader.Byte() != 0 ? LimitMode.Shadow : LimitMode.Enforce;
        int nameLength = reader.Byte();
        int unitLength = reader.Byte();
        long windowNs = reader.Int64();
        string name = Encoding.UTF8.GetString(reader.Bytes(nameLength));
        string unit = Encoding.UTF8.GetString(reader.Bytes(unitLength));
        if (reader.Failed || !IsName(name, Bounds.NameBytesMax) || !IsName(unit, Bounds.UnitBytesMax)
            || windowNs is not 0 and (< Bounds.PeriodNsMin or > Bounds.PeriodNsMax) || !HasRoom(name, unit))
        {
            return false;
        }
        result.LimitIndex = _limits.Count;
        long amount = Math.Clamp(result.Amount, 0, Bounds.AmountMax);
        _limits.Add(
            algorithm == LimitAlgorithm.Concurrency ? LimitModel.Concurrency(name, amount, mode, unit: unit)
            : windowNs > 0 ? LimitModel.FixedWindow(name, amount, windowNs, mode, unit: unit)
            : LimitModel.Quota(name, amount, BillingModel.Utc.Month, mode, unit: unit));
        return true;
    }

    /// <summary>A plan of these limits.</summary>
    public PlanModel ToPlan() => new(planName, _limits);

    private static bool IsName(string text, int bytesMax) => Encoding.UTF8.GetByteCount(text) is var bytes && bytes >= 1 && bytes <= bytesMax;

    private bool HasRoom(string name, string unit) =>
        _limits.Count < Bounds.LimitsPerPlanMax && _limits.TrueForAll(l => l.Name != name)
        && _limits.Select(l => l.Unit).Append(unit).Append(PlanModel.Requests).Distinct(StringComparer.Ordinal).Count() <= Bounds.UnitsMax;
}
