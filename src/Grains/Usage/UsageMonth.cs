using System.Diagnostics.CodeAnalysis;
using System.Text;
using Quota.Contracts;

namespace Quota.Grains.Usage;

/// <summary>
/// The usage of one key in one billing month: totals per unit and per limit, the series of its days, and the adjustments beside
/// them. Persisted as <see cref="UsageMonthCodec"/> says; whatever is added, it fits <see cref="Bounds.MonthBytesMax"/>. Once
/// sealed its counts never change. Not thread-safe: it belongs to the step that decoded it.
/// </summary>
public sealed class UsageMonth
{
    /// <summary>Takes what is counted of units and limits beyond the most a month has rows for. No unit or limit can have this name.</summary>
    public const string Other = "(other)";

    /// <summary>How the ids of the service's own adjustments begin.</summary>
    public const string OwnIdPrefix = "quota.";

    private readonly List<UnitCounts> _units = [];
    private readonly List<LimitCounts> _limits = [];
    private readonly List<DayCounts> _days = [];
    private readonly List<UsageAdjustment> _adjustments = [];
    private int _adjustmentBytes;

    /// <param name="startMs">Start of the month (inclusive), ms since the Unix epoch.</param>
    /// <param name="endMs">End of the month (exclusive), ms since the Unix epoch.</param>
    /// <param name="zoneId">The zone its days are counted in, at most 255 bytes.</param>
    public UsageMonth(long startMs, long endMs, string zoneId) => SetPeriod(startMs, endMs, zoneId);

    /// <summary>When the record may be forgotten, on the scale of <see cref="Instant.WindowNs"/>.</summary>
    public long ForgetAtNs { get; set; }

    public long StartMs { get; private set; }

    public long EndMs { get; private set; }

    /// <summary>The zone of the month's latest days.</summary>
    public string ZoneId { get; private set; }

    public bool IsSealed { get; private set; }

    /// <summary>When it was sealed, by the wall clock; 0 if it is not.</summary>
    public long SealedAtMs { get; private set; }

    /// <summary>In the order of their first use, distinct by unit.</summary>
    public IReadOnlyList<UnitCounts> Units => _units;

    /// <summary>In the order of their first use, distinct by limit and unit.</summary>
    public IReadOnlyList<LimitCounts> Limits => _limits;

    /// <summary>Ascending by day, then in the order of <see cref="Units"/>; days without use are absent.</summary>
    public IReadOnlyList<DayCounts> Days => _days;

    /// <summary>In the order in which they were made.</summary>
    public IReadOnlyList<UsageAdjustment> Adjustments => _adjustments;

    /// <summary>Gives the month another end or zone, because the key's billing calendar was changed.</summary>
    [MemberNotNull(nameof(ZoneId))]
    public void SetPeriod(long startMs, long endMs, string zoneId)
    {
        Invariant.Check(!IsSealed && startMs < endMs);
        Invariant.Check(Encoding.UTF8.GetByteCount(zoneId) <= Bounds.ZoneBytesMax);
        (StartMs, EndMs, ZoneId) = (startMs, endMs, zoneId);
    }

    /// <summary>
    /// Adds what was counted on one day: a section of the key's block that ended, or a settlement that came late. The caller keeps
    /// what is refunded within what was used. Must not be sealed.
    /// </summary>
    public void Add(UsageDay day)
    {
        Invariant.Check(!IsSealed);
        foreach (UnitCounts counts in day.Units)
        {
            int unit = UnitIndex(counts.Unit);
            _units[unit] = _units[unit].Plus(counts);
            AddDay(day.Day, unit, counts.Used, counts.Refunded);
        }
        foreach (LimitCounts counts in day.Limits)
        {
            int limit = LimitIndex(counts.Limit, counts.Unit);
            _limits[limit] = _limits[limit].Plus(counts);
        }
    }

    /// <summary>Gives units back. Must not be sealed.</summary>
    /// <param name="unit">What is given back.</param>
    /// <param name="units">How much, not negative.</param>
    /// <param name="day">Local date of the refund, in days since 1970-01-01.</param>
    /// <param name="isRolledUp">A descendant of the key had used them.</param>
    /// <param name="limits">The limits of this unit that had counted it.</param>
    /// <returns>How much was given back: no more than was used and not refunded before.</returns>
    public long Refund(string unit, long units, int day, bool isRolledUp, params ReadOnlySpan<string> limits)
    {
        Invariant.Check(!IsSealed && units is >= 0 and <= UsageSum.Max);
        int row = FindUnit(unit);
        if (row < 0)
        {
            return 0;
        }
        long refunded = Math.Clamp(_units[row].Used - _units[row].Refunded, 0, units);
        _units[row] = _units[row].Plus(new UnitCounts(unit, Refunded: refunded, RolledUpRefunded: isRolledUp ? refunded : 0));
        AddDay(day, row, 0, refunded);
        foreach (string limit in limits)
        {
            int counted = FindLimit(limit, unit);
            if (counted >= 0)
            {
                long back = Math.Clamp(_limits[counted].Used - _limits[counted].Refunded, 0, refunded);
                _limits[counted] = _limits[counted].Plus(new LimitCounts(limit, unit, Refunded: back));
            }
        }
        return refunded;
    }

    /// <summary>Puts a correction beside the month, sealed or not, once per id.</summary>
    /// <param name="adjustment">Within the bounds of <see cref="UsageAdjustment"/>.</param>
    public AdjustOutcome Adjust(UsageAdjustment adjustment)
    {
        if (_adjustments.Find(a => a.Id == adjustment.Id) is { } earlier)
        {
            return earlier.IsSame(adjustment) ? AdjustOutcome.Repeat : AdjustOutcome.Conflict;
        }
        int bytes = UsageMonthCodec.AdjustmentBytes(adjustment);
        bool own = adjustment.Id.StartsWith(OwnIdPrefix, StringComparison.Ordinal);
        int reserve = own ? 0 : Bounds.MonthOwnAdjustmentBytes;
        if ((!own && _adjustments.Count >= Bounds.AdjustmentsPerMonthMax) || _adjustmentBytes + bytes > Bounds.MonthAdjustmentBytesMax - reserve)
        {
            return AdjustOutcome.Full;
        }
        if (FindUnit(adjustment.Unit) < 0)
        {
            if (_units.Count >= Bounds.MonthUnitsMax)
            {
                return AdjustOutcome.Full;
            }
            _units.Add(new UnitCounts(adjustment.Unit));
        }
        _adjustments.Add(adjustment);
        _adjustmentBytes += bytes;
        return AdjustOutcome.Added;
    }

    /// <summary>
    /// Adds to a correction of the service's own (an id that begins with <see cref="OwnIdPrefix"/>), or makes it: a refund or a
    /// settlement for a month that is sealed. One per cause and unit, so that their number stays bounded; that each counts once
    /// is the caller's to see to.
    /// </summary>
    public AdjustOutcome Accumulate(UsageAdjustment adjustment)
    {
        Invariant.Check(adjustment.Id.StartsWith(OwnIdPrefix, StringComparison.Ordinal));
        int at = _adjustments.FindIndex(a => a.Id == adjustment.Id);
        if (at < 0)
        {
            return Adjust(adjustment);
        }
        long sum = Math.Clamp(_adjustments[at].Amount + adjustment.Amount, -Bounds.AmountMax, Bounds.AmountMax);
        _adjustments[at] = _adjustments[at] with { Amount = sum, AtMs = adjustment.AtMs };
        return AdjustOutcome.Added;
    }

    /// <summary>Ends all counting; sealing again changes nothing.</summary>
    /// <param name="atMs">Now, by the wall clock.</param>
    public void Seal(long atMs)
    {
        if (!IsSealed)
        {
            (IsSealed, SealedAtMs) = (true, atMs);
        }
    }

    /// <summary>Sum of the adjustments of a unit; may be negative.</summary>
    public long Adjusted(string unit)
    {
        long sum = 0;
        foreach (UsageAdjustment adjustment in _adjustments)
        {
            sum += adjustment.Unit == unit ? adjustment.Amount : 0;
        }
        return sum;
    }

    /// <summary>Puts a decoded month together; false if its rows contradict each other or go beyond the bounds.</summary>
    internal bool TryRestore(List<UnitCounts> units, List<LimitCounts> limits, List<DayCounts> days, List<UsageAdjustment> adjustments)
    {
        _units.AddRange(units);
        _limits.AddRange(limits);
        _days.AddRange(days);
        foreach (UsageAdjustment adjustment in adjustments)
        {
            _adjustments.Add(adjustment);
            _adjustmentBytes += UsageMonthCodec.AdjustmentBytes(adjustment);
        }
        return _adjustmentBytes <= Bounds.MonthAdjustmentBytesMax
            && units.Select(u => u.Unit).Distinct(StringComparer.Ordinal).Count() == units.Count
            && limits.Select(l => (l.Limit, l.Unit)).Distinct().Count() == limits.Count
            && days.Select(d => (d.Day, d.Unit)).Distinct().Count() == days.Count
            && adjustments.Select(a => a.Id).Distinct(StringComparer.Ordinal).Count() == adjustments.Count;
    }

    private int FindUnit(string unit) => _units.FindIndex(u => u.Unit == unit);

    private int FindLimit(string limit, string unit) => _limits.FindIndex(l => l.Limit == limit && l.Unit == unit);

    private int UnitIndex(string unit)
    {
        int at = FindUnit(unit);
        if (at >= 0)
        {
            return at;
        }
        if (_units.Count >= Bounds.MonthUnitsMax && unit != Other)
        {
            return UnitIndex(Other);
        }
        _units.Add(new UnitCounts(unit));
        return _units.Count - 1;
    }

    private int LimitIndex(string limit, string unit)
    {
        string known = _units[UnitIndex(unit)].Unit;
        int at = FindLimit(limit, known);
        if (at >= 0)
        {
            return at;
        }
        if (_limits.Count >= Bounds.MonthLimitsMax && limit != Other)
        {
            return LimitIndex(Other, known);
        }
        _limits.Add(new LimitCounts(limit, known));
        return _limits.Count - 1;
    }

    /// <summary>Adds to the row of a day and unit, or makes it; a month with all the rows it can have adds to the unit's latest day.</summary>
    private void AddDay(int day, int unit, long used, long refunded)
    {
        if (used == 0 && refunded == 0)
        {
            return;
        }
        string name = _units[unit].Unit;
        int at = 0;
        while (at < _days.Count && (_days[at].Day < day || (_days[at].Day == day && FindUnit(_days[at].Unit) < unit)))
        {
            at++;
        }
        bool exists = at < _days.Count && _days[at].Day == day && _days[at].Unit == name;
        int latest = exists || _days.Count < Bounds.MonthDayRowsMax ? -1 : _days.FindLastIndex(d => d.Unit == name);
        if (latest >= 0)
        {
            at = latest;
        }
        else if (!exists)
        {
            _days.Insert(at, new DayCounts(day, name, 0, 0));
        }
        DayCounts row = _days[at];
        _days[at] = row with { Used = UsageSum.Of(row.Used, used), Refunded = UsageSum.Of(row.Refunded, refunded) };
    }
}
