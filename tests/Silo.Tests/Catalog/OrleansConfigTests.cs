using Quota.Silo.Catalog.Config;
using Quota.Silo.Cluster;
using Quota.Silo.Cluster.Forwarding;
using Quota.Silo.Hosting;
using Quota.Silo.Store;

namespace Quota.Silo.Tests.Catalog;

/// <summary>What a file says of a silo of an Orleans cluster.</summary>
public sealed class OrleansConfigTests
{
    [Fact]
    public void Every_field_is_read()
    {
        OrleansSettings settings = Parse("""
            cluster: prod-1
            address: 10.0.0.7:7072
            listen: everywhere
            membership: store
            forward_timeout: 700ms
            probe_interval: 500ms
            tls: { certificate: a.pem, key: b.pem, authority: c.pem }
            """).Settings!.Cluster!.Orleans!;
        Assert.Equal(
            new OrleansSettings
            {
                ClusterId = "prod-1",
                Address = "10.0.0.7:7072",
                ListensEverywhere = true,
                Membership = new DynamoSettings { Table = "quota-silos" },
                Partitions = new PartitionSettings { TimeoutMs = 700 },
                ProbeIntervalMs = 500,
                Tls = new SiloTlsSettings("a.pem", "b.pem", "c.pem"),
            },
            settings);
        Assert.Equal("10.0.0.7:7072", settings.EndPoint.ToString());
    }

    [Fact]
    public void For_development_one_silo_knows_the_others()
    {
        OrleansSettings settings = Parse("""
            membership: localhost
            primary: 127.0.0.1:7500
            """).Settings!.Cluster!.Orleans!;
        Assert.Null(settings.Membership);
        Assert.Equal(7500, settings.PrimaryEndPoint.Port);
    }

    [Theory]
    [InlineData("address: 0.0.0.0:7072", "server.orleans.address", "all interfaces")]
    [InlineData("address: 127.0.0.1:0", "server.orleans.address", "a port from 1")]
    [InlineData("address: somewhere", "server.orleans.address", "is not an address")]
    [InlineData("cluster: A B", "server.orleans.cluster", "is not a cluster's name")]
    [InlineData("primary: 127.0.0.1:1", "server.orleans.primary", "has no effect")]
    [InlineData("forward_timeout: 1ms", "server.orleans.forward_timeout", "")]
    [InlineData("probe_interval: 1ms", "server.orleans.probe_interval", "")]
    [InlineData("tls: { certificate: a, key: b }", "server.orleans.tls.authority", "is required")]
    [InlineData("silos: 3", "server.orleans.silos", "")]
    public void What_is_wrong_is_refused_with_its_field(string line, string field, string reason)
    {
        ConfigError error = Assert.Single(Parse(line).Errors);
        Assert.Contains(field, error.ToString(), StringComparison.Ordinal);
        Assert.Contains(reason, error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_that_executor_the_section_is_refused()
    {
        ConfigError error = Assert.Single(ConfigLoader.Parse("{ namespaces: {}, server: { orleans: { cluster: a } } }", "quota.yaml").Errors);
        Assert.Contains("has no effect unless executor is orleans", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void The_command_line_sets_the_address()
    {
        SiloSettings settings = new ServeOptions { ConfigPath = "x", OrleansAddress = "127.0.0.1:7999" }.Over(Parse("cluster: a").Settings!);
        Assert.Equal("127.0.0.1:7999", settings.Cluster!.Orleans!.Address);
    }

    private static ConfigResult Parse(string orleans) => ConfigLoader.Parse($"""
        namespaces: {"{"}{"}"}
        server:
          executor: orleans
          store: {"{"} dynamodb: {"{"} table: quota {"}"} {"}"}
          orleans:
            {orleans.ReplaceLineEndings("\n    ")}
        """, "quota.yaml");
}
