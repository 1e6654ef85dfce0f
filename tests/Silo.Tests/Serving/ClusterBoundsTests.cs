using Quota.Contracts.V1;
using Quota.Silo.Edge.Grpc;
using Quota.Silo.Tests.Support;
using Quota.Silo.Tests.Support.Servers;

namespace Quota.Silo.Tests.Serving;

/// <summary>The bounds of request ids and open reservations of a key, from outside: two silos on one store beside a silo by itself.</summary>
[NeedsServer(ServerKind.Postgres)]
public sealed class ClusterBoundsTests : IDisposable
{
    private const string Namespaces = """
        namespaces:
          shop:
            default_plan: p
            request_ids: { per_key_max: 3, window: 10m }
            reservations: { per_key_max: 2 }
            plans: { p: { limits: [{ name: month, quota: { amount: 1000, period: month } }] } }
        """;

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [ServerFact]
    public async Task A_key_over_its_bounds_is_answered_by_every_silo_as_by_one_by_itself()
    {
        PostgresServer server = await SharedServers.Postgres;
        string schema = $"t{Guid.NewGuid():N}";
        using SiloProcess alone = await StartAsync("alone", "server: {}");
        using SiloProcess a = await StartAsync("a", Shared(server, schema, "a"));
        using SiloProcess b = await StartAsync("b", Shared(server, schema, "b"));
        using GrpcTestClient one = new(alone.Grpc), first = new(a.Grpc), second = new(b.Grpc);

        for (int i = 0; i < 3; i++)
        {
            Assert.True(await IsAllowedAsync(one, $"id{i}"));
            Assert.True(await IsAllowedAsync(i % 2 == 0 ? first : second, $"id{i}"));
        }
        GrpcTestReply refused = await CheckAsync(one, "over");
        Assert.Equal((int)GrpcStatusCode.ResourceExhausted, refused.Status);
        Assert.Contains("the key has 3 request ids in its window", refused.Message, StringComparison.Ordinal);
        foreach (GrpcTestClient silo in (GrpcTestClient[])[first, second])
        {
            GrpcTestReply reply = await CheckAsync(silo, "over");
            Assert.Equal((refused.Status, refused.Message), (reply.Status, reply.Message));
            Assert.True(CheckQuotaResponse.Parser.ParseFrom((await CheckAsync(silo, "id0")).Single).Repeat);
        }

        (GrpcTestReply overAlone, _) = await ReserveAllAsync(one, one);
        (GrpcTestReply overShared, string reservation) = await ReserveAllAsync(first, second);
        Assert.Equal((int)GrpcStatusCode.ResourceExhausted, overAlone.Status);
        Assert.Contains("the key has 2 open reservations", overAlone.Message, StringComparison.Ordinal);
        Assert.Equal((overAlone.Status, overAlone.Message), (overShared.Status, overShared.Message));
        Assert.Equal(0, (await second.UnaryAsync("/quota.v1.QuotaService/Settle", new SettleRequest { Namespace = "shop", Key = "k", ReservationId = reservation })).Status);
        Assert.Equal(0, (await ReserveAsync(first)).Status);
        Assert.Equal((int)GrpcStatusCode.ResourceExhausted, (await ReserveAsync(second)).Status);
    }

    /// <summary>Makes two reservations and tries a third; the answer to that, and the id of one that was made.</summary>
    private static async Task<(GrpcTestReply Third, string Reservation)> ReserveAllAsync(GrpcTestClient silo, GrpcTestClient other)
    {
        GrpcTestReply made = await ReserveAsync(silo);
        Assert.Equal((0, 0), (made.Status, (await ReserveAsync(other)).Status));
        return (await ReserveAsync(silo), ReserveResponse.Parser.ParseFrom(made.Single).ReservationId);
    }

    private static Task<GrpcTestReply> ReserveAsync(GrpcTestClient silo) =>
        silo.UnaryAsync("/quota.v1.QuotaService/Reserve", new ReserveRequest { Namespace = "shop", Key = "k", TtlMs = 600_000 });

    private static Task<GrpcTestReply> CheckAsync(GrpcTestClient silo, string requestId) =>
        silo.UnaryAsync("/quota.v1.QuotaService/CheckQuota", new CheckQuotaRequest { Namespace = "shop", Key = "k", RequestId = requestId });

    private static async Task<bool> IsAllowedAsync(GrpcTestClient silo, string requestId) => CheckQuotaResponse.Parser.ParseFrom((await CheckAsync(silo, requestId)).Single).Allowed;

    private static string Shared(PostgresServer server, string schema, string name) => $$"""
        server:
          executor: shared
          silo: {{name}}
          store:
            postgresql: { connection: "{{server.ConnectionString}}", schema: {{schema}}, create: true, timeout: 10s }
        """;

    private Task<SiloProcess> StartAsync(string name, string serverSection)
    {
        string path = _folder.File(name + ".yaml");
        File.WriteAllText(path, serverSection + "\n" + Namespaces);
        return SiloProcess.StartAsync(path, _folder.File(name));
    }
}
