using Quota.Contracts.V1;
using Quota.Silo.Catalog;
using Quota.Silo.Catalog.Config;
using Quota.Silo.Definitions;
using Quota.Silo.Definitions.Log;
using Quota.Silo.Store;
using Quota.Silo.Store.Sqlite;

namespace Quota.Silo.Tests.Support;

/// <summary>The definitions of one silo of a cluster, on a store that the test shares between several. It follows only when a test says so.</summary>
internal sealed class ClusterSilo : IAsyncDisposable
{
    public static readonly byte[] Cluster = [.. Enumerable.Range(1, 16).Select(i => (byte)i)];

    private readonly SqliteDefinitionStore _local;

    private ClusterSilo(SqliteDefinitionStore local, DefinitionReplica replica, DefinitionService service)
    {
        _local = local;
        Replica = replica;
        Service = service;
    }

    public DefinitionReplica Replica { get; }

    public DefinitionService Service { get; }

    public RecordingEraser Eraser { get; } = new();

    /// <summary>Opens a silo on its own folder and the store of all.</summary>
    public static async Task<ClusterSilo> OpenAsync(IGrainStore shared, string path, TimeProvider time, string name = "a", byte[]? cluster = null)
    {
        var local = new SqliteDefinitionStore(path, cluster ?? Cluster);
        try
        {
            var replica = new DefinitionReplica(local, new ChangeLog(shared));
            var service = new DefinitionService(replica, time) { Silo = name };
            await service.LoadAsync(default);
            var silo = new ClusterSilo(local, replica, service);
            service.Eraser = silo.Eraser;
            return silo;
        }
        catch
        {
            await local.DisposeAsync();
            throw;
        }
    }

    public async Task FollowAsync() => Assert.Null(await Service.CatchUpAsync(default));

    public Task<DefinitionResult> CreateAsync(string owner, string key, string plan = "p", string parent = "") =>
        Service.CreateAsync(new Definition { Key = new Key { Namespace = owner, Name = key, Plan = plan, Parent = parent } }, "ada", default).AsTask();

    /// <summary>Puts a file in force; what it changed, or its errors.</summary>
    public async Task<string> AdoptAsync(string yaml)
    {
        ConfigResult config = ConfigLoader.Parse(yaml, "quota.yaml");
        Assert.Empty(config.Errors);
        try
        {
            (CatalogChange? change, IReadOnlyList<ConfigError> errors) = await Service.AdoptAsync(config, config.Settings!, default);
            return change is null ? string.Join('\n', errors) : change + (change.Note is null ? "" : $" ({change.Note})");
        }
        catch (StoreException e)
        {
            return e.Message;
        }
    }

    /// <summary>Everything stored and the whole trail, byte for byte: equal on silos that have taken in the same.</summary>
    public async Task<string> StateAsync()
    {
        var lines = new List<string>();
        foreach (DefinitionKind kind in Enum.GetValues<DefinitionKind>())
        {
            await foreach (StoredDefinition stored in Service.Reader.AllAsync(kind, default))
            {
                lines.Add($"{stored.Id} {stored.Version} {stored.Source} {stored.UpdatedAtMs} {Hex(stored.Content)}");
            }
        }
        for (long after = 0; ;)
        {
            IReadOnlyList<StoredAudit> page = await Replica.ScanAuditAsync(after, new AuditFilter("", "", 0), 1000, default);
            if (page.Count == 0)
            {
                return string.Join('\n', lines);
            }
            lines.AddRange(page.Select(e => $"{e.Sequence} {e.AtMs} {e.Actor} {e.Action} {e.Id} {Hex(e.Before)} {Hex(e.After)}"));
            after = page[^1].Sequence;
        }
    }

    /// <summary>What requests are decided by: every key with its plan's identity and its parent.</summary>
    public string InForce() => string.Join('\n', Service.Catalog.Namespaces.Values.OrderBy(n => n.Name, StringComparer.Ordinal).Select(n =>
        $"{n.Name}: {string.Join(' ', n.Plans.Values.Select(p => p.Name + "/" + p.Limits.Length).Order(StringComparer.Ordinal))}; "
        + string.Join(' ', n.Keys.Values.Select(k => $"{k.Current.Name}={k.Current.Plan.Name}<{k.Current.Parent?.Current.Name}").Order(StringComparer.Ordinal))));

    public ValueTask DisposeAsync() => _local.DisposeAsync();

    private static string Hex(ReadOnlyMemory<byte>? content) => content is { } bytes ? Convert.ToHexString(bytes.Span) : "-";
}
