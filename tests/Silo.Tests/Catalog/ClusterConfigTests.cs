using Quota.Silo.Catalog.Config;
using Quota.Silo.Cluster;
using Quota.Silo.Cluster.Forwarding;
using Quota.Silo.Hosting;
using Quota.Silo.Store;

namespace Quota.Silo.Tests.Catalog;

/// <summary>What a file says of a silo that is one of many, and of leases.</summary>
public sealed class ClusterConfigTests
{
    [Fact]
    public void Every_field_of_a_cluster_on_DynamoDB_is_read()
    {
        SiloSettings settings = Parse("""
            server:
              executor: orleans
              silo: silo-1.a
              advertise: "[::1]:7070"
              partitions: 64
              store: { dynamodb: { table: T_1.x, region: eu-central-1, endpoint: "http://127.0.0.1:8000", create: false, capacity: { read: 5, write: 6 }, timeout: 1s } }
            """).Settings!;
        var store = new DynamoSettings { Table = "T_1.x", Region = "eu-central-1", Endpoint = "http://127.0.0.1:8000", Create = false, Provisioned = (5, 6), TimeoutMs = 1_000 };
        Assert.Equal(new ClusterSettings { Executor = ExecutorKind.Orleans, Partitions = 64, Store = store, Orleans = settings.Cluster!.Orleans }, settings.Cluster);
        Assert.Equal(new OrleansSettings { Membership = store with { Table = "T_1.x-silos" }, Partitions = new PartitionSettings { Count = 64, TimeoutMs = 1_500 } }, settings.Cluster.Orleans);
        Assert.Equal(("silo-1.a", "[::1]:7070"), (settings.SiloName, settings.AdvertisedAddress));
    }

    [Fact]
    public void Every_field_of_a_cluster_on_PostgreSQL_is_read()
    {
        SiloSettings settings = Parse("""
            server:
              executor: shared
              store: { postgresql: { connection: "Host=db;Username=q", schema: q_1, create: true, connections_max: 3, timeout: 30s, start_timeout: 0s } }
            revision: 7
            """).Settings!;
        var store = new PostgresSettings { ConnectionString = "Host=db;Username=q", Schema = "q_1", ConnectionsMax = 3, TimeoutMs = 30_000, StartTimeoutMs = 0 };
        Assert.Equal(new ClusterSettings { Executor = ExecutorKind.Shared, Store = store }, settings.Cluster);
        Assert.Equal(1_024, settings.Cluster!.Partitions);
    }

    [Fact]
    public void Unset_fields_have_their_defaults()
    {
        SiloSettings settings = Parse("server: { executor: shared, grpc_listen: 127.0.0.1:7170, store: { dynamodb: { capacity: on_demand } } }").Settings!;
        Assert.Equal(new DynamoSettings(), settings.Cluster!.Store);
        Assert.Equal(SiloNames.Default(Environment.MachineName, "127.0.0.1:7170"), settings.SiloName);
        Assert.Equal("127.0.0.1:7170", settings.AdvertisedAddress);
        Assert.Null(Parse("server: { executor: local, silo: a }").Settings!.Cluster);
    }

    [Theory]
    [InlineData("Web_01", "127.0.0.1:7070", "web-01-7070")]
    [InlineData("a.b", "[::]:0", "a.b-0")]
    [InlineData("", "127.0.0.1:1", "-1")]
    public void A_silo_without_a_name_is_named_after_its_machine_and_port(string machine, string listen, string expected) =>
        Assert.Equal(expected, SiloNames.Default(machine, listen));

    [Fact]
    public void The_longest_machine_name_still_makes_a_name()
    {
        string name = SiloNames.Default(new string('M', 200), "127.0.0.1:65535");
        Assert.True(SiloNames.IsName(name));
        Assert.EndsWith("m-65535", name, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("silo-1.example.org:7070", true)]
    [InlineData("10.0.0.1:1", true)]
    [InlineData("[fe80::1]:7070", true)]
    [InlineData("fe80::1:7070", false)]
    [InlineData("host:0", false)]
    [InlineData("host:65536", false)]
    [InlineData(":7070", false)]
    [InlineData("ho st:70", false)]
    [InlineData("[10.0.0.1]:70", false)]
    public void An_address_is_a_host_and_a_port(string text, bool expected) => Assert.Equal(expected, SiloNames.IsAddress(text));

    [Fact]
    public void The_command_line_goes_before_the_file()
    {
        SiloSettings file = Parse("server: { executor: shared, silo: a, advertise: a:1, store: { dynamodb: {} } }").Settings!;
        SiloSettings both = new ServeOptions { ConfigPath = "quota.yaml", Silo = "b", Advertise = "b:2" }.Over(file);
        Assert.Equal(("b", "b:2"), (both.SiloName, both.AdvertisedAddress));
        Assert.Equal(["server.silo", "server.advertise"], ServerReader.Differences(file, both));
        Assert.Equal(["server.executor", "server.store", "server.partitions"], ServerReader.Differences(file, file with { Cluster = null }));
    }

    [Theory]
    [InlineData("", true, 2_000, LostLeases.Keep, 600_000)]
    [InlineData("leases: on", true, 2_000, LostLeases.Keep, 600_000)]
    [InlineData("leases: off", false, 2_000, LostLeases.Keep, 600_000)]
    [InlineData("leases: { duration: 50ms, lost: release, lost_after: 31d }", true, 50, LostLeases.Release, 31L * 24 * 3600 * 1000)]
    [InlineData("leases: { mode: off, lost: spend, lost_after: 1s }", false, 2_000, LostLeases.Spend, 1_000)]
    public void Leases_of_a_namespace_are_read(string leases, bool enabled, int durationMs, LostLeases lost, long lostAfterMs)
    {
        // A limit shorter than the default duration is no error: only a duration that is given is held against it.
        ConfigResult result = Parse($"namespaces: {{ n: {{ {leases} }} }}");
        var expected = new LeasePolicy { Enabled = enabled, DurationMs = durationMs, Lost = lost, LostAfterMs = lostAfterMs };
        Assert.Equal(expected, result.Catalog!.Namespaces.Find("n")!.Leases);
    }

    [Theory]
    [InlineData("leases: off", "rate: { amount: 1, period: 100ms }")]
    [InlineData("leases: { lost: spend }", "rate: { amount: 1, period: 100ms }")]
    [InlineData("leases: { mode: off, duration: 60s }", "rate: { amount: 1, period: 100ms }")]
    [InlineData("leases: { duration: 1s }", "rate: { amount: 1, period: 1s }")]
    [InlineData("leases: { duration: 60s }", "quota: { amount: 1, period: day }")]
    [InlineData("leases: { duration: 60s }", "concurrency: { amount: 1 }")]
    [InlineData("leases: { duration: 6s }", "rate: { amount: 10, period: 60s, algorithm: token_bucket, burst: 1 }")]
    public void Leases_that_no_limit_is_shorter_than_are_accepted(string leases, string limit) =>
        Parse($"namespaces: {{ n: {{ {leases}, plans: {{ p: {{ limits: [{{ name: l, {limit} }}] }} }} }} }}");

    private static ConfigResult Parse(string yaml)
    {
        ConfigResult result = ConfigLoader.Parse(yaml, "quota.yaml");
        Assert.Empty(result.Errors);
        return result;
    }
}
