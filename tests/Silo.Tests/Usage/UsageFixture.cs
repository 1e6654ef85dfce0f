using Google.Protobuf;
using Quota.Grains.Model;
using Quota.Grains.Usage;
using Quota.Silo.Catalog;
using Quota.Silo.Protocols.Usage;
using Quota.Silo.Store.Sqlite;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Usage;

/// <summary>
/// The usage API on a real edge over a real store. The namespace <c>shop</c> is billed by months from the 1st in UTC, with a grace of
/// 48 hours and a retention of 25 months; its keys <c>acme</c>, <c>beta</c> and <c>vienna</c> are defined.
/// </summary>
internal sealed class UsageFixture : IAsyncDisposable
{
    public static readonly MonthLabel October = new(2026, 10);

    private readonly TempFolder _folder = new();
    private readonly SqliteGrainStore _store;

    private UsageFixture()
    {
        _store = new SqliteGrainStore(_folder.File("grains.db"));
        Usage = new StoredUsage(_store) { AsOfMs = Clock.Now().WallMs };
        var plan = new PlanModel("basic", [], ["tokens"]);
        var vienna = new PlanModel("basic", [], ["tokens"], new BillingModel("Europe/Vienna", 15));
        Catalog = new CatalogState(new CatalogModel([
            new NamespaceModel("shop")
            {
                Plans = new Utf8Map<PlanModel>([KeyValuePair.Create("basic", plan)]),
                Keys = new Utf8Map<KeyState>([
                    KeyValuePair.Create("acme", new KeyState("acme", new KeyModel("acme", plan) { Labels = [KeyValuePair.Create("customer", "ACME Inc."), KeyValuePair.Create("region", "eu")] })),
                    KeyValuePair.Create("beta", new KeyState("beta", new KeyModel("beta", plan))),
                    KeyValuePair.Create("vienna", new KeyState("vienna", new KeyModel("vienna", vienna))),
                ]),
            },
        ]));
    }

    /// <summary>Noon of 20 October 2026 in UTC.</summary>
    public ManualClock Clock { get; } = new(Ms("2026-10-20T12:00:00Z"));

    public StoredUsage Usage { get; }

    public CatalogState Catalog { get; }

    public EdgeFixture Edge { get; private set; } = null!;

    public string Http => $"http://{Edge.Endpoints.Http}";

    public string File(string name) => _folder.File(name);

    public static async Task<UsageFixture> StartAsync()
    {
        var fixture = new UsageFixture();
        var service = new UsageService(fixture.Catalog, fixture.Usage, fixture.Clock);
        fixture.Edge = await EdgeFixture.StartAsync(services: [service], routes: UsageRoutes.Create(service));
        return fixture;
    }

    public static long Ms(string time) => DateTimeOffset.Parse(time, null).ToUnixTimeMilliseconds();

    /// <summary>A month of UTC with one day's use of requests on its 5th.</summary>
    public static UsageMonth Month(MonthLabel label, long used, long refunded = 0)
    {
        Grains.Calendar.CalendarPeriod period = BillingModel.Utc.PeriodOf(label);
        var month = new UsageMonth(period.StartMs, period.EndMs, "UTC");
        month.Add(Day(label, 5, new UnitCounts("requests", used, Refunded: refunded)));
        return month;
    }

    /// <summary>What was counted on a day of the month, in UTC.</summary>
    public static UsageDay Day(MonthLabel label, int dayOfMonth, params UnitCounts[] units)
    {
        long startMs = Ms($"{label}-{dayOfMonth:D2}T00:00:00Z");
        var day = new UsageDay { StartMs = startMs, EndMs = startMs + 86_400_000, Day = (int)(startMs / 86_400_000), Month = label };
        day.Units.AddRange(units);
        return day;
    }

    public async Task<TResponse> CallAsync<TResponse>(string method, IMessage request, MessageParser<TResponse> parser)
        where TResponse : IMessage<TResponse>
    {
        GrpcTestReply reply = await Edge.Grpc.UnaryAsync($"/{UsageService.Name}/{method}", request);
        Assert.Equal((0, ""), (reply.Status, reply.Message));
        return parser.ParseFrom(reply.Single);
    }

    public async Task<(int Status, string Message)> RefusalAsync(string method, IMessage request)
    {
        GrpcTestReply reply = await Edge.Grpc.UnaryAsync($"/{UsageService.Name}/{method}", request);
        Assert.Empty(reply.Messages);
        return (reply.Status, reply.Message);
    }

    public async ValueTask DisposeAsync()
    {
        await Edge.DisposeAsync();
        await _store.DisposeAsync();
        _folder.Dispose();
    }
}
