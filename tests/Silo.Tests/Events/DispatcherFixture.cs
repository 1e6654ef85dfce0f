using Quota.Grains.Model;
using Quota.Silo.Catalog;
using Quota.Silo.Events;
using Quota.Silo.Tests.Support;
using Quota.Silo.Time;

namespace Quota.Silo.Tests.Events;

/// <summary>A dispatcher that can be restarted, over a queue and a clock that stay.</summary>
internal sealed class DispatcherFixture : IAsyncDisposable
{
    private readonly CatalogState _catalog = new(CatalogModel.Empty);
    private readonly WebhookSender _sender;
    private CancellationTokenSource _stop = new();
    private EventSchedule _schedule = null!;

    public DispatcherFixture()
    {
        Clock = new SystemClock(Time);
        _sender = new WebhookSender(Time);
        Start();
    }

    public ManualTime Time { get; } = new();

    public SystemClock Clock { get; }

    public MemoryEventQueue Queue { get; } = new();

    public TestLog Log { get; } = new();

    /// <summary>The dispatcher that runs.</summary>
    public Task Running { get; private set; } = Task.CompletedTask;

    public int Pending => _schedule.Count;

    /// <summary>Puts a catalog in force in which these namespaces have these webhooks.</summary>
    public void Configure(params (string Owner, WebhookModel? Webhook)[] namespaces) => _catalog.Swap(new CatalogModel(namespaces.Select(n => new NamespaceModel(n.Owner)
    {
        Plans = new Utf8Map<PlanModel>([]),
        Keys = new Utf8Map<KeyState>([]),
        Webhook = n.Webhook,
    })));

    public ThresholdEvent Raise(string owner = "shop", string key = "k-1")
    {
        ThresholdEvent raised = EventSamples.Create(owner, key, atMs: Clock.Now().WallMs);
        Assert.True(_schedule.TryReserve(owner));
        var due = EventDelivery.Due(Clock.Now().WindowNs);
        _schedule.Add(owner, Queue.Put(raised, due), due.NextAttemptNs);
        return raised;
    }

    /// <summary>Advances the clock to the instant at which a delivery says it is tried again, and the millisecond by which timers are late.</summary>
    public void AdvanceTo(EventDelivery delivery) => Time.AdvanceNs(delivery.NextAttemptNs - Clock.Now().WindowNs + 1_000_000);

    public void Stop() => _stop.Cancel();

    /// <summary>What a restart of the silo does.</summary>
    public async Task RestartAsync()
    {
        Stop();
        await Running;
        _stop.Dispose();
        _stop = new CancellationTokenSource();
        Start();
    }

    public async ValueTask DisposeAsync()
    {
        Stop();
        Task drain = Running;
        while (await Task.WhenAny(drain, Task.Run(() => Time.AdvanceMs(60_000))) != drain)
        {
            // What is still under way is cut.
        }
        await drain;
        _stop.Dispose();
        _sender.Dispose();
    }

    private void Start()
    {
        var retry = new RetrySchedule(42);
        var log = new EventLog(Log.CreateLogger("Quota"), Time);
        _schedule = new EventSchedule();
        foreach ((string owner, byte[] id, long nextAttemptNs) in Queue.Pending())
        {
            _schedule.Restore(owner, id, nextAttemptNs, Clock.Now().WindowNs);
        }
        var deliverer = new EventDeliverer(Queue, _catalog, _sender, retry, Clock, log);
        Running = new WebhookDispatcher(_schedule, deliverer, Clock, Time, log).RunAsync(_stop.Token);
    }
}
