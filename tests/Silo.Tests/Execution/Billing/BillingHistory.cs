using System.Globalization;
using System.Text;
using Quota.Grains.Model;
using Quota.Grains.Usage;
using Quota.Silo.Catalog;
using Quota.Silo.Limiting;
using Quota.Silo.Tests.Support;
using Quota.Silo.Usage;

namespace Quota.Silo.Tests.Execution.Billing;

/// <summary>One random history: every step is done by the silo and, if it was accepted, noted by the oracle.</summary>
internal sealed class BillingHistory(int seed) : IAsyncDisposable
{
    private const long Huge = 1_000_000_000;

    private static readonly BillingModel[] Calendars =
        [BillingModel.Utc, new("America/New_York", 31), new("Asia/Kolkata", 1), new("Europe/Vienna", 15), new("Pacific/Auckland", 28)];

    private static readonly string[] Keys = ["", "g", "p0", "p1", "c0", "c1", "c2", "c3"];

    private readonly Random _random = new(seed);
    private readonly BillingOracle _oracle = new();
    private readonly Dictionary<string, string> _parents = new() { ["p0"] = "g", ["c0"] = "p0", ["c1"] = "p1" };
    private readonly Dictionary<string, int> _plans = [];
    private readonly HashSet<string> _recalendared = [];
    private readonly HashSet<(string Key, string Unit)> _inexact = [];
    private readonly Dictionary<string, string> _sealed = [];
    private readonly List<(string Key, long AtMs)> _past = [];
    private readonly List<(BillingCall Call, string Answer)> _answered = [];
    private BillingSilo _silo = null!;
    private int _ids;

    private long NowMs => _silo.Clock.Now().WallMs;

    /// <summary>Runs the history, and checks everything after every restart and at the end.</summary>
    public async Task RunAsync(int steps)
    {
        foreach (string key in Keys)
        {
            _plans[key] = _random.Next(2);
            _oracle.Calendars[key] = Calendars[_random.Next(Calendars.Length)];
        }
        // Shortly before months end, also where a clock is set forward or back on the way.
        long[] starts = [1_761_600_000_000, 1_774_500_000_000, 1_772_000_000_000, 1_767_000_000_000];
        _silo = new BillingSilo(new ManualClock(starts[_random.Next(starts.Length)]), Catalog());
        await _silo.StartAsync();
        for (int step = 0; step < steps; step++)
        {
            _silo.Clock.AdvanceMs(_random.Next(40) switch { 0 => _random.NextInt64(40L * 86_400_000), < 4 => _random.NextInt64(36L * 3_600_000), < 20 => _random.NextInt64(60_000), _ => _random.Next(50) });
            await StepAsync();
        }
        await CrashAsync();
    }

    public async ValueTask DisposeAsync() => await _silo.DisposeAsync();

    private async Task StepAsync()
    {
        switch (_random.Next(100))
        {
            case < 45:
                Ask(null);
                break;
            case < 60:
                Ask(new ReservationTerms(_random.Next(3) == 0 ? 86_400_000 : _random.Next(100, 60_000), _random.Next(2) == 0));
                break;
            case < 68:
                await EndAsync(PickOpen());
                break;
            case < 70:
                await ExtendAsync(PickOpen());
                break;
            case < 76:
                await RefundAsync(false);
                break;
            case < 78:
                await AdjustAsync(false);
                break;
            case < 82:
                Sweep();
                break;
            case < 86:
                _silo.Journal.RollOver();
                _silo.Store.FailAfter = _random.Next(4) == 0 ? 0 : null;
                await _silo.Checkpointer.TryRoundAsync(default);
                _silo.Store.FailAfter = null;
                break;
            case < 89:
                _silo.Evict();
                break;
            case < 91:
                Assert.NotNull(await _silo.Sealer.TryRoundAsync(default));
                break;
            case < 94:
                ChangeCatalog();
                break;
            case < 96:
                Repeat();
                break;
            default:
                await CrashAsync();
                break;
        }
    }

    private BillingCall NewCall(ReservationTerms? hold, bool isNamed) =>
        new(Keys[_random.Next(1, Keys.Length)], _random.Next(3), _random.Next(30), "/" + _random.Next(2), isNamed ? "id" + _ids++ : "", hold);

    private void Ask(ReservationTerms? hold)
    {
        BillingCall call = NewCall(hold, _random.Next(2) == 0);
        Note(call, call.Send(_silo));
    }

    /// <summary>Takes in an answer.</summary>
    private void Note(BillingCall call, Decision answer)
    {
        Assert.True(answer.Status == DecisionStatus.Decided, answer.ErrorMessage);
        if (!answer.Allowed)
        {
            return;
        }
        List<string> levels = Levels(call.Key);
        if (call.Hold is { } terms)
        {
            // A cost of nothing at all is a peek, and holds nothing.
            if (answer.Reservation.Id != 0)
            {
                _oracle.Open.Add(answer.Reservation.Id, new BillingHold { Levels = levels, Costs = new(call.Costs), AtMs = answer.At.WallMs, ExpiresMs = answer.Reservation.ExpiresMs, Settles = terms.SettlesWhenExpired!.Value });
            }
        }
        else
        {
            _oracle.Use(levels, call.Costs, answer.At.WallMs);
            _past.Add((call.Key, answer.At.WallMs));
        }
        if (call.RequestId.Length > 0)
        {
            _answered.Add((call, BillingCall.Describe(answer)));
        }
    }

    /// <summary>A repeat within the window gets the first answer, whatever has changed since.</summary>
    private void Repeat()
    {
        if (_answered.Count == 0)
        {
            return;
        }
        (BillingCall call, string first) = _answered[^1];
        Decision again = call.Send(_silo);
        if (again.IsRepeat)
        {
            Assert.Equal(first, BillingCall.Describe(again));
            return;
        }
        // Only a peek or an id whose window is over is decided anew.
        Note(call, again);
    }

    private UInt128? PickOpen() => _oracle.Open.Count == 0 ? null : _oracle.Open.Keys.Order().ElementAt(_random.Next(_oracle.Open.Count));

    private async Task EndAsync(UInt128? picked, int sends = 1)
    {
        if (picked is not { } id)
        {
            return;
        }
        BillingHold hold = _oracle.Open[id];
        string key = hold.Levels[0], name = id.ToString("x32", CultureInfo.InvariantCulture);
        if (_random.Next(3) == 0)
        {
            Outcome<Cancellation> cancelled = await TwiceAsync(sends, () => _silo.Operations.CancelAsync(new ReservationInput("n", key, name)));
            Assert.True(cancelled.IsDone, cancelled.ErrorMessage);
            Forget(hold, hold.Costs.ToDictionary(c => c.Key, _ => 0L));
            _oracle.Open.Remove(id);
            return;
        }
        var costs = hold.Costs.ToDictionary(c => c.Key, c => _random.NextInt64(c.Value * 2 + 1));
        Outcome<Settlement> settled = await TwiceAsync(sends, () => _silo.Operations.SettleAsync(new SettleInput("n", key, name) { Costs = costs }));
        Assert.True(settled.IsDone && settled.Value!.IsSettled, settled.ErrorMessage);
        Forget(hold, costs);
        _oracle.Settle(id, costs, NowMs);
    }

    /// <summary>What a settlement counts beyond its month, its quota counts in another one than the bill.</summary>
    private void Forget(BillingHold hold, Dictionary<string, long> costs)
    {
        foreach (string key in hold.Levels)
        {
            foreach ((string unit, long cost) in costs)
            {
                BillingModel calendar = _oracle.Calendars[key];
                if (cost > 0 && BillingOracle.MonthAt(calendar, hold.AtMs) != BillingOracle.MonthAt(calendar, NowMs))
                {
                    _inexact.Add((key, unit));
                }
            }
        }
    }

    private async Task ExtendAsync(UInt128? picked)
    {
        if (picked is not { } id)
        {
            return;
        }
        BillingHold hold = _oracle.Open[id];
        var add = new Dictionary<string, long> { ["tokens"] = _random.Next(5), ["requests"] = _random.Next(2) };
        Outcome<Extension> extended = await _silo.Operations.ExtendAsync(new ExtendInput("n", hold.Levels[0], id.ToString("x32", CultureInfo.InvariantCulture)) { TtlMs = 30_000, AddCosts = add });
        Assert.True(extended.IsDone, extended.ErrorMessage);
        if (extended.Value!.Decision.Allowed)
        {
            hold.ExpiresMs = extended.Value.Reservation.ExpiresMs;
            foreach ((string unit, long units) in add)
            {
                hold.Costs[unit] += units;
            }
            Forget(hold, add);
        }
    }

    private async Task RefundAsync(bool isLost)
    {
        if (_past.Count == 0)
        {
            return;
        }
        (string key, long atMs) = _past[_random.Next(Math.Max(0, _past.Count - 20), _past.Count)];
        long decidedAtMs = _random.Next(3) == 0 ? 0 : atMs;
        var input = new RefundInput("n", key) { Costs = new Dictionary<string, long> { ["tokens"] = _random.Next(20) }, DecidedAtMs = decidedAtMs, RequestId = "refund" + _ids++, Attributes = new Dictionary<string, string> { ["route"] = "/0" } };
        Outcome<Refunded> refunded = await TwiceAsync(isLost ? 2 : 1, () => _silo.Operations.RefundAsync(input));
        Assert.True(refunded.IsDone, refunded.ErrorMessage);
        List<string> levels = Levels(key);
        levels.ForEach(l => _inexact.Add((l, "tokens")));
        long back = _oracle.Refund(levels, "tokens", input.Costs["tokens"], decidedAtMs == 0 ? NowMs : atMs, NowMs);
        Assert.True(levels.Exists(_recalendared.Contains) || back == refunded.Value!.Costs["tokens"], $"{key} at {atMs}, now {NowMs}, {_oracle.Calendars[key].ZoneId}: {input.Costs["tokens"]} gave {refunded.Value!.Costs["tokens"]} in {refunded.Value.Month}, not {back}");
    }

    private async Task AdjustAsync(bool isLost)
    {
        string key = Keys[_random.Next(Keys.Length)];
        string month = BillingOracle.MonthAt(_oracle.Calendars[key], NowMs);
        month = _random.Next(2) == 0 ? month : BillingOracle.Label(month).Previous.ToString();
        var adjustment = new UsageAdjustment("a" + _ids++, "requests", _random.Next(1, 9), "reason", "author", NowMs);
        AdjustResult result = await TwiceAsync(isLost ? 2 : 1, () => _silo.Usage.AdjustAsync("n"u8.ToArray(), Encoding.UTF8.GetBytes(key), BillingOracle.Label(month), _oracle.Calendars[key], adjustment, default));
        Assert.True(result.Outcome is AdjustOutcome.Added or AdjustOutcome.Repeat);
        _oracle.Of(key, month, "requests").Adjusted += adjustment.Amount;
    }

    /// <summary>Sends once, or once without hearing the answer before a crash and then again.</summary>
    private async Task<TResult> TwiceAsync<TResult>(int sends, Func<ValueTask<TResult>> send)
    {
        if (sends == 2)
        {
            long kept = _silo.Journal.AppendedPosition;
            await send();
            await LoseAsync(kept);
        }
        return await send();
    }

    private void Sweep()
    {
        _silo.Sweep.Sweep();
        foreach ((UInt128 id, BillingHold hold) in _oracle.Open.Where(o => o.Value.ExpiresMs <= NowMs).ToList())
        {
            Dictionary<string, long> costs = hold.Costs.ToDictionary(c => c.Key, c => hold.Settles ? c.Value : 0);
            Forget(hold, costs);
            _oracle.Settle(id, costs, NowMs);
        }
    }

    private void ChangeCatalog()
    {
        string key = Keys[_random.Next(Keys.Length)];
        switch (_random.Next(5))
        {
            case < 2:
                _plans[key] = 1 - _plans[key];
                break;
            case < 4 when key.StartsWith('c'):
                _parents[key] = _random.Next(4) switch { 0 => "p0", 1 => "p1", 2 => "g", _ => "" };
                // What was counted for a key under other parents cannot be given back there.
                break;
            case 4 when _random.Next(4) == 0:
                _oracle.Calendars[key] = Calendars[_random.Next(Calendars.Length)];
                _recalendared.Add(key);
                break;
            default:
                break;
        }
        _silo.Catalog.Swap(Catalog());
    }

    /// <summary>Sends a few calls, crashes before any answer is read, loses what was not synced or keeps it, and sends them again.</summary>
    private async Task CrashAsync()
    {
        long kept = _silo.Journal.AppendedPosition;
        List<BillingCall> unanswered = [.. Enumerable.Range(0, _random.Next(4)).Select(i => NewCall(_random.Next(3) == 0 ? new ReservationTerms(60_000, true) : null, true))];
        unanswered.ForEach(c => c.Send(_silo));
        await LoseAsync(kept);
        foreach (BillingCall call in unanswered.OrderBy(_ => _random.Next()))
        {
            Note(call, call.Send(_silo));
        }
        switch (_random.Next(4))
        {
            case 0:
                await RefundAsync(true);
                break;
            case 1:
                await AdjustAsync(true);
                break;
            case 2:
                await EndAsync(PickOpen(), 2);
                break;
            default:
                break;
        }
        await VerifyAsync();
    }

    private async Task LoseAsync(long kept)
    {
        if (_random.Next(2) == 0)
        {
            _silo.Journal.Lose(_random.NextInt64(kept, _silo.Journal.AppendedPosition + 1));
        }
        await _silo.StartAsync();
    }

    private async Task VerifyAsync()
    {
        foreach (string key in Keys)
        {
            var found = new Dictionary<(string Month, string Unit), BillingSums>();
            foreach (string month in _oracle.Sums.Keys.Where(k => k.Key == key).Select(k => k.Month).Append(BillingOracle.MonthAt(_oracle.Calendars[key], NowMs)).SelectMany(Around).Distinct())
            {
                await ReadAsync(key, month, found);
            }
            foreach (string unit in (string[])["requests", "tokens"])
            {
                Compare(key, unit, found);
            }
            VerifyHeld(key);
        }
    }

    private static IEnumerable<string> Around(string month) => [BillingOracle.Label(month).Previous.ToString(), month, BillingOracle.Label(month).Next.ToString()];

    private async Task ReadAsync(string key, string month, Dictionary<(string Month, string Unit), BillingSums> found)
    {
        KeyUsageState state = await _silo.Usage.ReadAsync("n"u8.ToArray(), Encoding.UTF8.GetBytes(key), BillingOracle.Label(month), default);
        bool isSealed = state.Month is { IsSealed: true };
        Assert.False(isSealed && state.Day is not null);
        if (state.Total(_oracle.Calendars[key]) is not { } total)
        {
            return;
        }
        foreach (UnitCounts unit in total.Units)
        {
            found[(month, unit.Unit)] = new BillingSums { Used = unit.Used, RolledUp = unit.RolledUp, Refunded = unit.Refunded, RolledUpRefunded = unit.RolledUpRefunded, Adjusted = total.Adjusted(unit.Unit) };
            Assert.Equal((unit.Used, unit.Refunded), (total.Days.Where(d => d.Unit == unit.Unit).Sum(d => d.Used), total.Days.Where(d => d.Unit == unit.Unit).Sum(d => d.Refunded)));
        }
        if (isSealed)
        {
            string counts = string.Join(';', total.Units.Where(u => u.Used + u.Refunded > 0)) + string.Join(';', total.Days);
            Assert.Equal(_sealed.GetValueOrDefault(key + month, counts), counts);
            _sealed[key + month] = counts;
        }
    }

    private void Compare(string key, string unit, Dictionary<(string Month, string Unit), BillingSums> found)
    {
        var expected = _oracle.Sums.Where(s => s.Key.Key == key && s.Key.Unit == unit).ToDictionary(s => s.Key.Month, s => s.Value);
        if (_recalendared.Contains(key))
        {
            // A change of calendar moves days between months; it loses none and counts none twice.
            long was = expected.Values.Sum(s => s.Used), isNow = found.Where(f => f.Key.Unit == unit).Sum(f => f.Value.Used);
            Assert.True(was == isNow, $"{key} {unit} in all months: {isNow}, not {was}");
            return;
        }
        foreach (string month in expected.Keys.Concat(found.Keys.Where(f => f.Unit == unit).Select(f => f.Month)).Distinct())
        {
            BillingSums was = expected.GetValueOrDefault(month, new BillingSums()), isNow = found.GetValueOrDefault((month, unit), new BillingSums());
            Assert.True(was == isNow, $"'{key}' {unit} {month}: {isNow}, not {was}");
        }
    }

    private void VerifyHeld(string key)
    {
        List<BillingHold> holds = [.. _oracle.Open.Values.Where(h => h.Levels.Contains(key))];
        long held = holds.Sum(h => h.Costs["requests"]);
        Assert.True(held == _silo.Counted(key, "calls", "requests"), $"'{key}' holds {_silo.Counted(key, "calls", "requests")}, not {held}");
        IReadOnlyDictionary<string, long> reserved = _silo.Usage.Reserved("n"u8, Encoding.UTF8.GetBytes(key));
        foreach (string unit in (string[])["requests", "tokens"])
        {
            Assert.Equal(holds.Where(h => h.Levels[0] == key).Sum(h => h.Costs[unit]), reserved.GetValueOrDefault(unit));
            BillingModel calendar = _oracle.Calendars[key];
            string month = BillingOracle.MonthAt(calendar, NowMs);
            if (!_recalendared.Contains(key) && !_inexact.Contains((key, unit)))
            {
                BillingSums sums = _oracle.Sums.GetValueOrDefault((key, month, unit), new BillingSums());
                long expected = sums.Used + holds.Where(h => BillingOracle.MonthAt(calendar, h.AtMs) == month).Sum(h => h.Costs[unit]);
                long counted = _silo.Counted(key, unit + "-month", unit);
                Assert.True(expected == counted, $"'{key}' {unit} quota counts {counted}, not {expected}");
            }
        }
    }

    private List<string> Levels(string key)
    {
        var levels = new List<string> { key };
        for (string? above = _parents.GetValueOrDefault(key, ""); key.Length > 0; above = _parents.GetValueOrDefault(above, ""))
        {
            levels.Add(above);
            if (above.Length == 0)
            {
                break;
            }
        }
        return levels;
    }

    private CatalogModel Catalog()
    {
        var states = new Dictionary<string, KeyState>();
        foreach (string key in Keys)
        {
            KeyState? above = key.Length == 0 ? null : states[_parents.GetValueOrDefault(key, "")];
            states[key] = new KeyState(key, new KeyModel(key, Plan(_plans[key], _oracle.Calendars[key])) { Above = above });
        }
        return new CatalogModel([
            new NamespaceModel("n")
            {
                Plans = new Utf8Map<PlanModel>([KeyValuePair.Create("plan0", Plan(0, BillingModel.Utc)), KeyValuePair.Create("plan1", Plan(1, BillingModel.Utc))]),
                Keys = new Utf8Map<KeyState>(states.Where(s => s.Key.Length > 0)),
                Root = states[""],
                DefaultPlan = Plan(0, BillingModel.Utc),
            },
        ]);
    }

    private static PlanModel Plan(int number, BillingModel billing)
    {
        LimitModel month = LimitModel.Quota("requests-month", Huge, billing.Month);
        LimitModel tokens = LimitModel.Quota("tokens-month", Huge, billing.Month, unit: "tokens");
        LimitModel calls = LimitModel.Concurrency("calls", 1000);
        LimitModel route = LimitModel.Quota("route", Huge, billing.Day, per: ["route"], unit: "tokens");
        return number == 0
            ? new PlanModel("plan0", [month, tokens, calls, LimitModel.SlidingWindow("burst", 60, 1_000_000_000, unit: "tokens"), LimitModel.FixedWindow("shadow", 3, 60_000_000_000, LimitMode.Shadow)], billing: billing)
            : new PlanModel("plan1", [LimitModel.FixedWindow("few", 40, 60_000_000_000), calls, route, tokens, month], ["more"], billing);
    }
}
