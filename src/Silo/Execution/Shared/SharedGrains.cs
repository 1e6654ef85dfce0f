using Quota.Silo.Catalog;
using Quota.Silo.Events;
using Quota.Silo.Execution.Local;
using Quota.Silo.Execution.Shared.Leases;
using Quota.Silo.Limiting;
using Quota.Silo.Store;
using Quota.Silo.Time;

namespace Quota.Silo.Execution.Shared;

/// <summary>The grains of a shared store as one silo works on them: what puts the classes of this folder together.</summary>
internal sealed class SharedGrains
{
    /// <param name="store">Shared with other silos.</param>
    /// <param name="catalog">Plans and keys.</param>
    /// <param name="clock">On the wall clock's scale, so that windows mean the same to every silo.</param>
    /// <param name="schedule">Takes the events that are raised.</param>
    /// <param name="log">Told of events.</param>
    /// <param name="runtime">Surroundings.</param>
    /// <param name="timeoutMs">How long a batch may be tried again.</param>
    /// <param name="leases">This silo's leases; null if it takes none.</param>
    public SharedGrains(IGrainStore store, CatalogState catalog, IClock clock, EventSchedule schedule, EventLog log, SharedRuntime runtime, int timeoutMs, LeaseParts? leases = null)
    {
        Runner = new BatchRunner(store, Layouts, clock, runtime, timeoutMs, () => new Workbench(Layouts, catalog, Expiries, schedule, log), leases?.Desk, leases?.Front);
        Steps = new StepRunner(Runner, runtime);
        if (leases is not null)
        {
            leases.Front.Renewer = new LeaseRenewer(leases.Desk.Blocks, Steps);
        }
        Executor = new SharedExecutor(Steps, runtime, leases, timeoutMs);
        Limiter = new Limiter(catalog, Executor, clock);
        Operations = new SharedOperations(Steps, catalog);
        Settler = leases is null ? null : new LeaseSettler(leases.Desk, Steps, runtime);
        Usage = new SharedUsage(Steps, store, Runner, Layouts, clock, Settler);
        Queue = new SharedEventQueue(Steps);
    }

    public LayoutRegistry Layouts { get; } = new();

    public ExpiryQueue Expiries { get; } = new();

    public BatchRunner Runner { get; }

    public StepRunner Steps { get; }

    public SharedExecutor Executor { get; }

    public Limiter Limiter { get; }

    public SharedOperations Operations { get; }

    /// <summary>Settles this silo's leases; null if it takes none.</summary>
    public LeaseSettler? Settler { get; }

    public SharedUsage Usage { get; }

    public SharedEventQueue Queue { get; }
}
