using System.Text;
using Quota.Contracts;
using Quota.Grains.Calendar;
using Quota.Grains.Model;
using Quota.Silo.Catalog;
using Quota.Silo.Catalog.Config;
using Quota.Silo.Hosting;

namespace Quota.Silo.Tests.Catalog;

/// <summary>What a valid file becomes, and what is refused as a whole.</summary>
public sealed class ConfigLoaderTests
{
    [Fact]
    public void The_example_is_valid_and_means_what_it_says()
    {
        ConfigResult result = ConfigLoader.Load(RepositoryFiles.Example);
        Assert.Empty(result.Errors);
        Assert.Equal(new SiloSettings { DataDirectory = "./data" }, result.Settings);
        NamespaceModel demo = Namespace(result, "demo");
        Assert.Equal(UnknownKeyPolicy.DefaultPlan, demo.UnknownKeys);
        Assert.Equal("free", demo.DefaultPlan!.Name);
        PlanModel pro = Plan(demo, "pro");
        Assert.Equal(LimitAlgorithm.TokenBucket, pro.Limits[0].Shape.Algorithm);
        Assert.Equal(500, pro.Limits[0].Capacity);
        Assert.Equal(["ip"], pro.Limits[1].Per);
        Assert.Equal(new CalendarRule(CalendarUnit.Month, "Europe/Berlin"), pro.Limits[2].Shape.Calendar);
        Assert.Equal(LimitMode.Shadow, Plan(demo, "free").Limits[3].Mode);
        foreach (string key in (string[])["alice", "bob"])
        {
            Assert.True(demo.Keys.TryGet(Encoding.UTF8.GetBytes(key), out KeyState? model));
            Assert.Same(pro, model.Current.Plan);
        }
    }

    [Fact]
    public void Every_field_is_read()
    {
        ConfigResult result = ConfigLoader.Parse(
            """
            server:
              grpc_listen: 0.0.0.0:1
              http_listen: "[::1]:2"
              data_directory: /var/lib/quota
              journal: { segment_bytes: 1MiB, bytes_max: 3_145_728 }
              checkpoint_interval: 1m30s
              resident_blocks_max: 1000
              in_flight_max: 5
              connections_max: 6
              drain_timeout: 250ms
            namespaces:
              a:
                unknown_keys: allow
                sync: os
                on_failure: deny
                plans:
                  p:
                    limits:
                      - { name: sliding, rate: { amount: 0, period: 100ms, buckets: 60 } }
                      - { name: weighted, rate: { amount: 2, period: 1h, algorithm: weighted } }
                      - { name: fixed, rate: { amount: 3, period: 366d, algorithm: fixed_window }, per: [ip, user] }
                      - { name: bucket, rate: { amount: 4, period: 1s, algorithm: token_bucket } }
                      - { name: week, quota: { amount: 5, period: week, anchor_day: 7 }, match: { route: [/a, /b*], method: "" } }
                      - { name: year, quota: { amount: 6, period: year, anchor_day: 29, anchor_month: 2, time_zone: Asia/Tokyo } }
            """,
            "quota.yaml");
        Assert.Empty(result.Errors);
        var settings = new SiloSettings
        {
            GrpcListen = "0.0.0.0:1",
            HttpListen = "[::1]:2",
            DataDirectory = "/var/lib/quota",
            JournalSegmentBytes = 1 << 20,
            JournalBytesMax = 3 << 20,
            CheckpointIntervalMs = 90_000,
            ResidentBlocksMax = 1000,
            InFlightMax = 5,
            ConnectionsMax = 6,
            DrainTimeoutMs = 250,
        };
        Assert.Equal(settings, result.Settings);
        NamespaceModel model = Namespace(result, "a");
        Assert.Equal((UnknownKeyPolicy.Allow, SyncMode.Os, FailurePolicy.Deny), (model.UnknownKeys, model.Sync, model.OnFailure));
        LimitModel[] expected =
        [
            LimitModel.SlidingWindow("sliding", 0, 100_000_000, 60),
            LimitModel.Weighted("weighted", 2, 3600L * 1_000_000_000),
            LimitModel.FixedWindow("fixed", 3, Bounds.PeriodNsMax, per: ["ip", "user"]),
            LimitModel.TokenBucket("bucket", 4, 1_000_000_000, 4),
            LimitModel.Quota("week", 5, new CalendarRule(CalendarUnit.Week, "UTC", 7), match: [new AttributeMatch("route", ["/a", "/b*"]), new AttributeMatch("method", [""])], terms: new QuotaTerms { InheritsZone = true }),
            LimitModel.Quota("year", 6, new CalendarRule(CalendarUnit.Year, "Asia/Tokyo", 29, 2)),
        ];
        Assert.True(PlanEquality.Same(new PlanModel("p", expected, billing: BillingModel.Utc), Plan(model, "p")));
    }

    [Theory]
    [InlineData("namespaces: {}", 0)]
    [InlineData("namespaces:\n", 0)]
    [InlineData("\uFEFF---\nnamespaces: { a: }\n...\n", 1)]
    [InlineData("{\"namespaces\": {\"a\": {\"plans\": {\"p\": {\"limits\": [{\"name\": \"x\", \"rate\": {\"amount\": 1, \"period\": \"1s\"}}]}}, \"default_plan\": \"p\"}}}", 1)]
    public void Small_files_are_valid(string yaml, int namespaces)
    {
        ConfigResult result = ConfigLoader.Parse(yaml, "quota.yaml");
        Assert.Empty(result.Errors);
        Assert.Equal(namespaces, result.Catalog!.Namespaces.Count);
    }

    [Fact]
    public void Unknown_keys_are_denied_without_a_default_plan() =>
        Assert.Equal(UnknownKeyPolicy.Deny, Namespace(ConfigLoader.Parse("namespaces: { a: {} }", "quota.yaml"), "a").UnknownKeys);

    [Fact]
    public void An_alias_stands_for_what_it_names()
    {
        ConfigResult result = ConfigLoader.Parse(
            """
            namespaces:
              a: &a { plans: { p: { limits: [{ name: x, rate: { amount: 1, period: 1s } }] } } }
              b: *a
            """,
            "quota.yaml");
        Assert.Empty(result.Errors);
        Assert.Equal("x", Plan(Namespace(result, "b"), "p").Limits[0].Name);
    }

    [Fact]
    public void Aliases_that_unfold_to_billions_are_refused()
    {
        var yaml = new StringBuilder("namespaces:\n  n0: &a0 [x, x, x, x, x, x, x, x, x]\n");
        for (int i = 1; i < 12; i++)
        {
            yaml.Append($"  n{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 9))}]\n");
        }
        ConfigError error = Assert.Single(ConfigLoader.Parse(yaml.ToString(), "quota.yaml").Errors);
        Assert.Contains("aliases add more than 100000 values", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_error_is_reported_in_order_and_beyond_the_bound_counted()
    {
        string yaml = "bogus: 1\nnamespaces:\n  a:\n    sync: x\n    keys:\n" + string.Concat(Enumerable.Range(0, 60).Select(i => $"      k{i}: gold\n"));
        ConfigResult result = ConfigLoader.Parse(yaml, "quota.yaml");
        Assert.Null(result.Settings);
        Assert.Null(result.Catalog);
        Assert.Equal(Bounds.ConfigErrorsMax + 1, result.Errors.Count);
        Assert.Equal("quota.yaml: 12 more errors are not shown", result.Errors[^1].ToString());
        Assert.Equal(result.Errors.SkipLast(1).Select(e => e.Line).Order(), result.Errors.SkipLast(1).Select(e => e.Line));
    }

    [Theory]
    [InlineData(new byte[] { (byte)'a', (byte)'\n', (byte)'b', 0xff }, "quota.yaml:2:2: not UTF-8: the byte 0xff cannot stand here")]
    [InlineData(new byte[] { 0xc3 }, "quota.yaml:1:1: not UTF-8: the byte 0xc3 cannot stand here")]
    public void Bytes_that_are_not_UTF8_are_named(byte[] bytes, string expected) =>
        Assert.Equal(expected, Assert.Single(ConfigLoader.Parse(bytes, "quota.yaml").Errors).ToString());

    [Fact]
    public void A_file_beyond_the_bound_is_refused_unread()
    {
        using var directory = new TemporaryDirectory();
        string path = directory.File("quota.yaml");
        using (FileStream file = File.Create(path))
        {
            file.SetLength(Bounds.ConfigBytesMax + 1);
        }
        Assert.Equal($"{path}: has 67108865 bytes: must have at most 64MiB", Assert.Single(ConfigLoader.Load(path).Errors).ToString());
    }

    [Fact]
    public void A_file_that_is_not_there_is_an_error() =>
        Assert.StartsWith("/nowhere/quota.yaml: cannot be read: ", Assert.Single(ConfigLoader.Load("/nowhere/quota.yaml").Errors).ToString(), StringComparison.Ordinal);

    [Fact]
    public void A_file_without_namespaces_manages_none()
    {
        ConfigResult result = ConfigLoader.Parse("server: {}", "quota.yaml");
        Assert.True(result.IsValid);
        Assert.Null(result.Definitions);
        Assert.Empty(ConfigLoader.Parse("namespaces: {}", "quota.yaml").Definitions!);
    }

    private static NamespaceModel Namespace(ConfigResult result, string name)
    {
        Assert.True(result.IsValid);
        Assert.True(result.Catalog.Namespaces.TryGet(Encoding.UTF8.GetBytes(name), out NamespaceModel? model));
        return model;
    }

    private static PlanModel Plan(NamespaceModel model, string name)
    {
        Assert.True(model.Plans.TryGet(Encoding.UTF8.GetBytes(name), out PlanModel? plan));
        return plan;
    }
}
