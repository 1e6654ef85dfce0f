using System.Text;
using Quota.Grains;
using Quota.Grains.Counters;
using Quota.Grains.Model;
using Quota.Grains.Usage;
using Quota.Silo.Cluster;
using Quota.Silo.Execution.Shared.Leases;
using Quota.Silo.Store;
using Quota.Silo.Usage;
using LeaseEntry = Quota.Silo.Execution.Shared.Leases.LeaseEntry;

namespace Quota.Simulator;

/// <summary>
/// One seed from its beginning to its end: 1. silos start, requests come in, things go wrong; 2. everything is healed, and clients are
/// answered; 3. leases end and are settled; 4. usage, counters and limits are compared with the log of what was admitted.
/// </summary>
internal sealed class Simulation
{
    private const long SecondNs = 1_000_000_000;

    /// <summary>More than any seed needs: a seed that gets here does not end.</summary>
    private const long StepsMax = 400_000;

    [ThreadStatic]
    private static Simulation? _running;

    private readonly World _world;
    private readonly Scenario _scenario;
    private readonly SharedStore _server = new();
    private readonly Ledger _ledger = new();
    private readonly List<SimSilo> _silos = [];
    private readonly StepAudit _audit;
    private readonly Traffic _traffic;
    private readonly Faults _faults;
    private readonly LeaseBreaker? _breaker;

    static Simulation() => AppDomain.CurrentDomain.FirstChanceException += (_, e) =>
    {
        // A broken invariant is caught where it is thrown, because whoever waits must be answered; here it ends the simulation.
        if (_running is { } simulation && e.Exception is InvalidOperationException or NullReferenceException or ArgumentException or IndexOutOfRangeException or KeyNotFoundException)
        {
            simulation._world.Fault ??= e.Exception;
        }
    };

    public Simulation(int seed, Mutation mutation = Mutation.None, bool isTraced = false)
    {
        Seed = seed;
        _world = new World(seed, isTraced);
        _scenario = new Scenario(_world);
        _world.NowNs = _scenario.StartNs;
        _server.IgnoresConditions = mutation == Mutation.StoreIgnoresConditions;
        for (int i = 0; i < _scenario.Silos; i++)
        {
            _silos.Add(new SimSilo(_world, _server, _scenario, i, mutation));
        }
        _audit = new StepAudit(_world, _server, _scenario, _silos, _ledger);
        _traffic = new Traffic(_world, _scenario, _silos, _ledger);
        _faults = new Faults(_world, _scenario, _server, _silos);
        _breaker = mutation is Mutation.LeaseEndIgnored or Mutation.LeaseNotClosed ? new LeaseBreaker(mutation) : null;
        _server.Committing = _audit.Committing;
        _server.Committed = _audit.Committed;
    }

    public int Seed { get; }

    public World World => _world;

    /// <summary>Leases that were granted.</summary>
    public int Granted => _audit.Granted;

    /// <summary>How often leases were renewed before their end.</summary>
    public int Renewed => _audit.Renewed;

    /// <summary>Requests that were admitted.</summary>
    public int Admitted => _ledger.Requests.Count(r => r.IsAdmitted);

    /// <summary>Runs to the end.</summary>
    /// <exception cref="SimulationFailure">Something that has to hold does not.</exception>
    public void Run()
    {
        _running = this;
        try
        {
            _faults.Start();
            foreach (SimSilo silo in _silos)
            {
                silo.Boot();
            }
            Advance(SecondNs / 5, () => _silos.TrueForAll(s => s.IsServing));
            _traffic.Start();
            Advance(_scenario.TrafficNs, null);
            Heal();
            Compare();
        }
        finally
        {
            _running = null;
        }
    }

    private void Heal()
    {
        _world.Trace($"healed");
        _faults.Heal();
        // Reservations live up to eight seconds and are ended up to a third later; a lost silo's leases take their time.
        bool isSettled = Advance(120 * SecondNs, () => _traffic.Unfinished == 0 && _silos.TrueForAll(s => s.IsServing || s.IsGone));
        StepAudit.Check(isSettled, $"{_traffic.Unfinished} clients are not answered two minutes after everything is healed");
        bool hasHolds = _ledger.Requests.Exists(r => r.TtlMs > 0);
        bool hasLoss = _silos.Exists(s => s.IsGone) && _audit.Books.Count > 0 && _scenario.Leases.Lost != LostLeases.Keep;
        bool isLong = hasLoss || _world.Chance(0.15);
        long lostNs = hasLoss ? _scenario.Leases.LostAfterMs * 1_000_000L : 0;
        Advance((_scenario.Leases.DurationMs * 1_000_000L) + (3 * SecondNs) + (isLong ? lostNs + (35 * SecondNs) : hasHolds ? 15 * SecondNs : 0), null);
        Settle(isLong);
    }

    /// <summary>Settles what is still to be settled. If little time has passed, the silos have not looked yet for leases that they do not know of.</summary>
    private void Settle(bool hasLooked)
    {
        foreach (SimSilo silo in _silos.Where(s => !s.IsGone))
        {
            bool isEmpty = false;
            for (int i = 0; i < 50 && !isEmpty; i++)
            {
                bool isDone = false;
                _world.After(0, silo.Process, () => _world.Run(async () =>
                {
                    if (!hasLooked)
                    {
                        await silo.Sweep.FindAsync(isStart: true, default).ConfigureAwait(false);
                    }
                    isEmpty = await silo.Grains.Settler!.SettleAllAsync().ConfigureAwait(false);
                    isDone = true;
                }));
                StepAudit.Check(Advance(60 * SecondNs, () => isDone), $"silo {silo.Number} does not end to settle its leases");
            }
            StepAudit.Check(isEmpty, $"silo {silo.Number} cannot settle its leases");
        }
    }

    private void Compare()
    {
        foreach ((byte[] id, List<LeaseEntry> leases) in _audit.Books)
        {
            foreach (LeaseEntry lease in leases)
            {
                bool isLost = _silos[(int)lease.Holder - 1].IsGone;
                StepAudit.Check(isLost && _scenario.Leases.Lost == LostLeases.Keep, $"a lease of {lease.Silo} on a block of kind {LeaseBook.BlockIdOf(id)[0]} is never settled");
            }
        }
        new LimitAudit(_scenario, _ledger).Run();
        var usage = new UsageAudit(_scenario, _ledger, _audit.Books);
        for (int level = 0; level < _scenario.Levels.Count; level++)
        {
            if (_scenario.Levels[level].IsBilled)
            {
                usage.Check(level, Read(level, usage.Months(), out long unsettled), unsettled);
            }
            CompareCounters(level, usage.Lost(level));
        }
    }

    /// <summary>What a silo says that a key used.</summary>
    private Dictionary<MonthLabel, (long Used, long Refunded)> Read(int level, IEnumerable<MonthLabel> months, out long unsettled)
    {
        long open = 0;
        var read = new Dictionary<MonthLabel, (long Used, long Refunded)>();
        SimSilo silo = _silos.First(s => s.IsServing);
        foreach (MonthLabel month in months)
        {
            bool isDone = false;
            for (int i = 0; i < 50 && !isDone; i++)
            {
                bool hasFailed = false;
                _world.After(0, silo.Process, () => _world.Run(async () =>
                {
                    try
                    {
                        KeyUsageState state = await silo.Grains.Usage.ReadAsync(Encoding.UTF8.GetBytes(Scenario.Namespace), _scenario.Levels[level].Utf8, month, default).ConfigureAwait(false);
                        UnitCounts counts = state.Total(BillingModel.Utc)?.Units.FirstOrDefault(u => u.Unit == PlanModel.Requests) ?? default;
                        read[month] = (counts.Used, counts.Refunded);
                        StepAudit.Check(state.Reserved.Values.Sum() == 0, $"'{_scenario.Levels[level].Name}' still holds {state.Reserved.Values.Sum()} units");
                        open += state.Unsettled.GetValueOrDefault(PlanModel.Requests);
                        isDone = true;
                    }
                    catch (StoreException)
                    {
                        hasFailed = true;
                    }
                }));
                StepAudit.Check(Advance(60 * SecondNs, () => isDone || hasFailed), $"a reading of usage does not end");
            }
            StepAudit.Check(isDone, $"usage cannot be read");
        }
        unsettled = open;
        return read;
    }

    /// <summary>Calendar counters hold exactly what was admitted in their period, if none of it was near its ends.</summary>
    private void CompareCounters(int level, (long Under, long Over) lost)
    {
        byte[] id = Quota.Silo.Execution.Local.UsageMover.KeyId(_silos[0].Catalog.Current.Namespaces.Values.First(), _scenario.Levels[level].Utf8);
        Request[] requests = [.. _ledger.On(_scenario, level)];
        if (_server.Load(id) is not { } grain || requests.Length == 0)
        {
            return;
        }
        CounterLayout layout = _audit.Layout(grain.LayoutId);
        for (int i = 0; i < layout.Shapes.Length; i++)
        {
            CounterShape shape = layout.Shapes[i];
            if (shape.Algorithm != LimitAlgorithm.Calendar)
            {
                continue;
            }
            var first = shape.Calendar!.PeriodAt((_scenario.StartNs + _ledger.WallMinNs) / 1_000_000);
            if ((_world.NowNs + _ledger.WallMaxNs) / 1_000_000 >= first.EndMs)
            {
                continue;
            }
            long used = Counter.Used(shape, layout.Counter(grain.State.Span, i), new Instant(_world.NowNs, _world.NowMs));
            long back = _ledger.RefundsOn(_scenario, level).Sum(r => r.GivenMax) + (lost.Under > 0 ? long.MaxValue / 4 : 0);
            long more = lost.Over > 0 || lost.Under > 0 ? long.MaxValue / 4 : 0;
            long least = requests.Sum(r => r.CountedMin) - back;
            long most = requests.Sum(r => r.CountedMax) + more;
            StepAudit.Check(used >= least && used <= most, $"the counter of {shape.LimitName} of '{_scenario.Levels[level].Name}' holds {used}, but {least} to {most} were admitted");
        }
    }

    /// <summary>Lets time pass, or until the condition holds. Whether it holds; without one, true.</summary>
    private bool Advance(long ns, Func<bool>? until)
    {
        long endNs = _world.NowNs + ns;
        while (until is null || !until())
        {
            if (!_world.Step(endNs))
            {
                return until is null || until();
            }
            _breaker?.Break(_silos, _world.Ran);
            _audit.AfterStep();
            if (_world.Fault is { } fault)
            {
                throw fault is SimulationFailure ? fault : new SimulationFailure(fault.ToString());
            }
            StepAudit.Check(_world.Steps < StepsMax, $"{StepsMax} events and no end");
        }
        return true;
    }
}
