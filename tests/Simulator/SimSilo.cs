using Microsoft.Extensions.Logging.Abstractions;
using Quota.Grains;
using Quota.Silo.Catalog;
using Quota.Silo.Cluster;
using Quota.Silo.Events;
using Quota.Silo.Execution.Local;
using Quota.Silo.Execution.Shared;
using Quota.Silo.Execution.Shared.Leases;
using Quota.Silo.Hosting;
using Quota.Silo.Store;

namespace Quota.Simulator;

/// <summary>A silo: a machine, and the process on it, put together of the production classes as the host does it (SharedEngine, SiloStorage).</summary>
internal sealed class SimSilo(World world, SharedStore server, Scenario scenario, int number, Mutation mutation)
{
    private const long SweepNs = 500_000_000;
    private const int SweepsPerTakeOver = 8;
    private const int DemandSlots = 64;

    private SimJournal _journal = null!;

    public int Number => number;

    public long Holder => number + 1;

    public Machine Machine { get; } = new();

    public Process Process { get; private set; } = new() { IsDead = true };

    /// <summary>It has started, and takes requests.</summary>
    public bool IsServing { get; private set; }

    /// <summary>It never comes back.</summary>
    public bool IsGone { get; set; }

    public SharedGrains Grains { get; private set; } = null!;

    public LeaseParts Parts { get; private set; } = null!;

    public LeaseSweep Sweep { get; private set; } = null!;

    public KeyTable Table { get; private set; } = null!;

    public StoreLink Link { get; private set; } = null!;

    public Checkpointer Checkpointer { get; private set; } = null!;

    public CatalogState Catalog { get; private set; } = null!;

    /// <summary>Which of the scenario's catalogs is in force here.</summary>
    public int Version { get; private set; }

    public ClusterClock Clock { get; private set; } = null!;

    public string KeyName(int level) => scenario.Levels[level].Name;

    /// <summary>Starts a process on what the disk holds.</summary>
    public void Boot()
    {
        Process = new Process();
        var time = new SimTime(world, Process, Machine);
        Table = new KeyTable(new LayoutRegistry(), scenario.ResidentMax, shardCount: scenario.ResidentMax < 100 ? 1 : 4);
        Recovery.RestoreLayoutsAsync(Table, Machine.Store, default).GetAwaiter().GetResult();
        long latest = Machine.Store.LoadNumberAsync(Checkpointer.LatestWindowNumber, default).GetAwaiter().GetResult() ?? 0;
        var recovery = new Recovery(Table);
        if (mutation == Mutation.JournalForgotten)
        {
            Machine.Disk = new SimDisk();
        }
        foreach (byte[] record in Machine.Disk.Records)
        {
            Invariant.Check(recovery.Apply(record));
        }
        Clock = new ClusterClock(time, Math.Max(latest, recovery.Result.Latest.WindowNs));
        Link = new StoreLink(world, server, Process, Machine, scenario, Clock, number, Holder);
        _journal = new SimJournal(world, Process, Machine.Disk, mutation == Mutation.JournalAnswersEarly);
        Process process = Process;
        var runtime = new SharedRuntime
        {
            Time = time,
            Post = work => world.After(world.Between(1_000, 30_000), process, work),
            Continuations = TaskCreationOptions.None,
            Random = new Random(world.Random.Next()),
        };
        IGrainStore store = mutation is Mutation.UnknownIsSuccess or Mutation.UnknownIsForced or Mutation.LeaseSettledTwice or Mutation.RequestNotRemembered
            ? new MutantStore(Link, server, mutation)
            : Link;
        Catalog = new CatalogState(scenario.Catalogs[Version]);
        var schedule = new EventSchedule();
        var recovered = new RecoveredLeases(Table);
        if (mutation == Mutation.RestartKeepsLeases)
        {
            recovered.Note();
        }
        Parts = new LeaseParts(Table, _journal, Machine.Store, (Holder, $"silo-{number}"), () => scenario.Silos, DemandSlots);
        recovered.Reopen();
        Grains = new SharedGrains(store, Catalog, Clock, schedule, new EventLog(NullLogger.Instance, time), runtime, 3_000, Parts);
        Sweep = new LeaseSweep(Parts.Desk, Grains.Settler!, Catalog, store, Clock, runtime, NullLogger.Instance);
        Checkpointer = new Checkpointer(Table, _journal, Machine.Store, Clock, new SiloSettings(), NullLogger.Instance);
        var expiries = new SharedSweep(Grains, store, Catalog, schedule, Clock, NullLogger.Instance);
        world.Trace($"silo {number}: boots, {Machine.Disk.Count} records");
        world.After(1_000_000, Process, () => world.Run(() => StartAsync(process, expiries)));
    }

    /// <summary>The process dies; what its journal had not synced may be lost, from the end.</summary>
    public void Crash()
    {
        if (Process.IsDead)
        {
            return;
        }
        int unsynced = Math.Min(_journal.Unsynced, Machine.Disk.Count);
        int lost = (int)world.Between(0, unsynced);
        Machine.Disk.LoseLast(lost);
        Process.IsDead = true;
        IsServing = false;
        world.Trace($"silo {number}: dies, {lost} of {unsynced} unsynced records are lost");
    }

    /// <summary>Puts a catalog in force.</summary>
    public void Load(int version)
    {
        Version = version;
        Catalog.Swap(scenario.Catalogs[version]);
        world.Trace($"silo {number}: plans {version}");
    }

    private async Task StartAsync(Process process, SharedSweep expiries)
    {
        try
        {
            await Grains.Runner.LoadLayoutsAsync().ConfigureAwait(false);
        }
        catch (StoreException)
        {
            // The host ends with an error, and is started again.
            Crash();
            world.After(500_000_000, null, () => Reboot(process));
            return;
        }
        await Sweep.FindAsync(isStart: true, default).ConfigureAwait(false);
        await Grains.Settler!.SettleAllAsync().ConfigureAwait(false);
        IsServing = true;
        world.Trace($"silo {number}: serves");
        world.After(world.Between(0, SweepNs), process, () => Expire(process, expiries, 0));
        world.Run(() => Sweep.RunAsync(default));
    }

    private void Reboot(Process failed)
    {
        if (ReferenceEquals(failed, Process) && !IsGone)
        {
            Boot();
        }
    }

    private void Expire(Process process, SharedSweep expiries, int round) => world.Run(async () =>
    {
        await expiries.ExpireAsync().ConfigureAwait(false);
        if (round % SweepsPerTakeOver == 0)
        {
            await expiries.TakeOverAsync(default).ConfigureAwait(false);
        }
        world.After(SweepNs, process, () => Expire(process, expiries, round + 1));
    });
}
