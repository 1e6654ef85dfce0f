using System.Net;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using Npgsql;
using Orleans.Configuration;
using Orleans.Runtime.MembershipService;
using Quota.Silo.Orleans.Membership;
using Quota.Silo.Orleans.Tests.Support;
using Quota.Silo.Store;
using Quota.Silo.Store.Postgres;
using Quota.Silo.Tests;
using Quota.Silo.Tests.Support.Servers;

namespace Quota.Silo.Orleans.Tests;

/// <summary>Orleans' membership in PostgreSQL: our tables and queries behind Orleans' own ADO.NET provider.</summary>
[Collection(ProcessCollection.Name)]
public sealed class PostgresMembershipTests
{
    private static readonly DateTime Start = new(2026, 3, 1, 12, 0, 0, DateTimeKind.Utc);
    private static readonly string DeployFile = Path.Combine(RepositoryFiles.Root, "deploy", "postgresql", "orleans.sql");

    [Fact]
    public void The_deploy_file_is_what_a_silo_creates() => Assert.Equal(MembershipSchema.Sql("quota"), File.ReadAllText(DeployFile));

    [PostgresFact]
    public async Task Tables_are_created_once_by_several_silos_at_once_and_only_if_that_is_allowed()
    {
        PostgresSettings settings = await SchemaAsync("membership_create");
        Assert.Equal(
            "PostgreSQL: the schema membership_create has no tables for Orleans' membership, and create is off (deploy/postgresql/orleans.sql creates them)",
            await PostgresMembership.PrepareAsync(settings with { Create = false }, default));
        Assert.All(await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => PostgresMembership.PrepareAsync(settings, default))), Assert.Null);
        Assert.Null(await PostgresMembership.PrepareAsync(settings with { Create = false }, default));
    }

    [PostgresFact]
    public async Task The_deploy_file_is_enough_for_a_silo_that_may_create_nothing()
    {
        PostgresSettings settings = await SchemaAsync("quota");
        await RunAsync(settings, await File.ReadAllTextAsync(DeployFile));
        Assert.Null(await PostgresMembership.PrepareAsync(settings with { Create = false }, default));
    }

    [PostgresFact]
    public async Task Tables_of_another_version_are_refused()
    {
        PostgresSettings settings = await SchemaAsync("membership_version");
        await RunAsync(settings, "INSERT INTO membership_version.meta (name, value) VALUES ('orleans_membership', 7)");
        Assert.Equal("PostgreSQL: Orleans' membership in the schema membership_version has version 7, this build reads 1", await PostgresMembership.PrepareAsync(settings, default));
    }

    [PostgresFact]
    public async Task Only_who_knows_the_latest_version_changes_the_membership()
    {
        AdoNetClusteringTable table = await TableAsync("membership_contract", "one");
        MembershipTableData empty = await table.ReadAll();
        Assert.Equal((0, 0), (empty.Members.Count, empty.Version.Version));
        MembershipEntry a = Entry(7001, "a"), b = Entry(7002, "b");
        Assert.True(await table.InsertRow(a, empty.Version.Next()));
        // The version has been raised meanwhile; and a silo is there once.
        Assert.False(await table.InsertRow(b, empty.Version.Next()));
        MembershipTableData one = await table.ReadAll();
        Assert.False(await table.InsertRow(a, one.Version.Next()));
        Assert.True(await table.InsertRow(b, one.Version.Next()));

        MembershipTableData two = await table.ReadAll();
        Assert.Equal((2, 2), (two.Members.Count, two.Version.Version));
        MembershipEntry read = two.Members.Select(m => m.Item1).Single(m => m.SiloName == "a");
        Assert.Equal((a.SiloAddress, a.HostName, a.Status, a.ProxyPort, Start, Start), (read.SiloAddress, read.HostName, read.Status, read.ProxyPort, read.StartTime, read.IAmAliveTime));

        a.Status = SiloStatus.Dead;
        a.SuspectTimes = [Tuple.Create(b.SiloAddress, Start)];
        Assert.False(await table.UpdateRow(a, "", one.Version.Next()));
        Assert.True(await table.UpdateRow(a, "", two.Version.Next()));
        MembershipTableData changed = await table.ReadRow(a.SiloAddress);
        Assert.Equal((SiloStatus.Dead, 3), (Assert.Single(changed.Members).Item1.Status, changed.Version.Version));
        Assert.Equal([Tuple.Create(b.SiloAddress, Start)], changed.Members[0].Item1.SuspectTimes);
        Assert.False(await table.UpdateRow(Entry(7009, "none"), "", changed.Version.Next()));

        // A sign of life is no change of the membership.
        b.IAmAliveTime = Start.AddMinutes(5);
        await table.UpdateIAmAlive(b);
        MembershipTableData alive = await table.ReadRow(b.SiloAddress);
        Assert.Equal((b.IAmAliveTime, 3), (Assert.Single(alive.Members).Item1.IAmAliveTime, alive.Version.Version));
    }

    [PostgresFact]
    public async Task Of_writers_that_have_read_the_same_version_one_wins()
    {
        AdoNetClusteringTable table = await TableAsync("membership_race", "one");
        for (int round = 0; round < 20; round++)
        {
            TableVersion version = (await table.ReadAll()).Version;
            bool[] won = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => table.InsertRow(Entry(8000 + (round * 10) + i, "s"), version.Next())));
            Assert.Single(won, w => w);
        }
        MembershipTableData all = await table.ReadAll();
        Assert.Equal((20, 20), (all.Members.Count, all.Version.Version));
    }

    [PostgresFact]
    public async Task Clusters_are_apart_and_what_is_dead_for_long_is_forgotten()
    {
        AdoNetClusteringTable one = await TableAsync("membership_clean", "one");
        AdoNetClusteringTable other = await TableAsync("membership_clean", "other");
        MembershipEntry dead = Entry(7001, "dead", SiloStatus.Dead), active = Entry(7002, "active"), fresh = Entry(7003, "fresh", SiloStatus.Dead);
        fresh.IAmAliveTime = Start.AddDays(2);
        foreach (MembershipEntry entry in new[] { dead, active, fresh })
        {
            Assert.True(await one.InsertRow(entry, (await one.ReadAll()).Version.Next()));
        }
        Assert.True(await other.InsertRow(dead, (await other.ReadAll()).Version.Next()));
        await one.CleanupDefunctSiloEntries(Start.AddDays(1));
        Assert.Equal(["active", "fresh"], (await one.ReadAll()).Members.Select(m => m.Item1.SiloName).Order());
        await one.DeleteMembershipTableEntries("one");
        // Nothing is left, its version neither: whoever comes next begins anew.
        await one.InitializeMembershipTable(true);
        Assert.Empty((await one.ReadAll()).Members);
        Assert.Single((await other.ReadAll()).Members);
    }

    private static MembershipEntry Entry(int port, string name, SiloStatus status = SiloStatus.Active) => new()
    {
        SiloAddress = SiloAddress.New(IPAddress.Loopback, port, 5),
        SiloName = name,
        HostName = "host",
        Status = status,
        ProxyPort = 0,
        StartTime = Start,
        IAmAliveTime = Start,
    };

    /// <summary>A schema with Quota's own tables, as the store leaves it before the membership is looked at.</summary>
    private static async Task<PostgresSettings> SchemaAsync(string schema)
    {
        var settings = new PostgresSettings { ConnectionString = (await SharedServers.Postgres).ConnectionString, Schema = schema, TimeoutMs = 20_000 };
        await RunAsync(settings, PostgresSchema.Sql(schema));
        return settings;
    }

    private static async Task RunAsync(PostgresSettings settings, string sql)
    {
        await using var connection = new NpgsqlConnection(settings.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<AdoNetClusteringTable> TableAsync(string schema, string cluster)
    {
        PostgresSettings settings = await SchemaAsync(schema);
        Assert.Null(await PostgresMembership.PrepareAsync(settings, default));
        var table = new AdoNetClusteringTable(
            new ServiceCollection().BuildServiceProvider(),
            Options.Create(new ClusterOptions { ClusterId = cluster, ServiceId = cluster }),
            Options.Create(new AdoNetClusteringSiloOptions { Invariant = "Npgsql", ConnectionString = PostgresMembership.ConnectionString(settings) }),
            NullLogger<AdoNetClusteringTable>.Instance);
        await table.InitializeMembershipTable(true);
        return table;
    }
}
