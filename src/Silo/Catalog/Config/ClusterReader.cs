using Quota.Contracts;
using Quota.Silo.Cluster;
using Quota.Silo.Store;

namespace Quota.Silo.Catalog.Config;

/// <summary>Reads what of the <c>server</c> section makes a silo one of many.</summary>
internal static class ClusterReader
{
    private const long MsNs = 1_000_000;

    private static readonly Dictionary<string, ExecutorKind> Executors = new(StringComparer.Ordinal)
    {
        ["local"] = ExecutorKind.Local,
        ["shared"] = ExecutorKind.Shared,
        ["orleans"] = ExecutorKind.Orleans,
    };

    /// <summary>The settings, or null for a silo by itself; meaningful if it added no errors.</summary>
    public static ClusterSettings? Read(FieldReader server)
    {
        ExecutorKind executor = server.Choice("executor", Executors, ExecutorKind.Local);
        FieldReader? section = server.Mapping("store");
        StoreSettings? store = section is null ? null : Store(section);
        int partitions = Partitions(server, executor);
        OrleansSettings? orleans = OrleansReader.Read(server, executor, store, partitions);
        if (executor == ExecutorKind.Local)
        {
            if (section is not null)
            {
                server.Refuse("store", "has no effect with executor: local, which keeps everything in data_directory; remove one of the two");
            }
            return null;
        }
        if (server.Take("store") is null)
        {
            server.Refuse("store", $"is required by executor: {(executor == ExecutorKind.Shared ? "shared" : "orleans")}");
        }
        return store is null ? null : new ClusterSettings { Executor = executor, Store = store, Partitions = partitions, Orleans = orleans };
    }

    /// <summary>The name of the silo, or null if none is given.</summary>
    public static string? Silo(FieldReader server)
    {
        if (server.Take("silo") is null)
        {
            return null;
        }
        string name = server.Text("silo", "");
        if (name.Length > 0 && !SiloNames.IsName(name))
        {
            server.Refuse("silo", $"{Quoted.Text(name)} is not a silo's name: {SiloNames.Rule}");
        }
        return name;
    }

    /// <summary>The address that others are told, or null if none is given.</summary>
    public static string? Advertise(FieldReader server)
    {
        if (server.Take("advertise") is null)
        {
            return null;
        }
        string text = server.Text("advertise", "");
        if (text.Length > 0 && !SiloNames.IsAddress(text))
        {
            server.Refuse("advertise", $"{Quoted.Text(text)} is not a host with a port (example: silo-1.example.org:7070)");
        }
        return text;
    }

    private static int Partitions(FieldReader server, ExecutorKind executor)
    {
        int partitions = (int)server.Integer("partitions", Bounds.PartitionsMin, Bounds.PartitionsMax, Bounds.PartitionsDefault);
        if (!int.IsPow2(partitions))
        {
            server.Refuse("partitions", $"{partitions} is not a power of two");
        }
        else if (executor != ExecutorKind.Orleans && server.Take("partitions") is not null)
        {
            server.Refuse("partitions", "has no effect unless executor is orleans; remove it");
        }
        return partitions;
    }

    private static StoreSettings? Store(FieldReader store)
    {
        FieldReader? dynamo = store.Mapping("dynamodb");
        FieldReader? postgres = store.Mapping("postgresql");
        DynamoSettings? dynamoSettings = dynamo is null ? null : Dynamo(dynamo);
        PostgresSettings? postgresSettings = postgres is null ? null : Postgres(postgres);
        bool hasDynamo = store.Take("dynamodb") is not null;
        bool hasPostgres = store.Take("postgresql") is not null;
        if (hasDynamo && hasPostgres)
        {
            store.Refuse("postgresql", "a cluster has one store, dynamodb or postgresql; remove one of the two");
        }
        else if (!hasDynamo && !hasPostgres)
        {
            store.Refuse("dynamodb", "is required (or postgresql)");
        }
        store.Finish();
        return dynamoSettings ?? (StoreSettings?)postgresSettings;
    }

    private static DynamoSettings Dynamo(FieldReader fields)
    {
        var defaults = new DynamoSettings();
        var settings = new DynamoSettings
        {
            Table = fields.Text("table", defaults.Table),
            Region = Optional(fields, "region"),
            Endpoint = Optional(fields, "endpoint"),
            Provisioned = Capacity(fields),
            Create = Create(fields),
            TimeoutMs = Ms(fields, "timeout", Bounds.StoreTimeoutMsMin, Bounds.StoreTimeoutMsMax, Bounds.StoreTimeoutMsDefault),
            StartTimeoutMs = Ms(fields, "start_timeout", 0, Bounds.StoreStartTimeoutMsMax, Bounds.StoreStartTimeoutMsDefault),
        };
        if (settings.Table.Length is < 3 or > 255 || !settings.Table.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '.' or '-'))
        {
            fields.Refuse("table", $"{Quoted.Text(settings.Table)} is not a table's name: must be 3 to 255 of letters, digits, _ . and -");
        }
        if (settings.Region is { } region && (region.Length > Bounds.NameBytesMax || !region.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-')))
        {
            fields.Refuse("region", $"{Quoted.Text(region)} is not a region (example: eu-central-1)");
        }
        if (settings.Endpoint is { } endpoint && !(endpoint.Length <= Bounds.SettingBytesMax && Uri.TryCreate(endpoint, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https"))
        {
            fields.Refuse("endpoint", $"{Quoted.Text(endpoint)} is not an http:// or https:// address (example: http://127.0.0.1:8000)");
        }
        fields.Finish();
        return settings;
    }

    private static (int ReadUnits, int WriteUnits)? Capacity(FieldReader fields)
    {
        switch (fields.Take("capacity"))
        {
            case null:
                return null;
            case ConfigScalar { Value: "on_demand" }:
                return null;
            case ConfigMapping:
                FieldReader units = fields.Mapping("capacity")!;
                units.Require("read");
                units.Require("write");
                (int, int) capacity = ((int)units.Integer("read", 1, Bounds.DynamoUnitsMax, 1), (int)units.Integer("write", 1, Bounds.DynamoUnitsMax, 1));
                units.Finish();
                return capacity;
            default:
                fields.Refuse("capacity", "must be on_demand or a mapping (example: { read: 100, write: 100 })");
                return null;
        }
    }

    private static PostgresSettings Postgres(FieldReader fields)
    {
        const int Connections = 16;
        var settings = new PostgresSettings
        {
            ConnectionString = fields.Require("connection") is { } node ? fields.Text(node, fields.Path.Field("connection")) ?? "" : "",
            Schema = fields.Text("schema", "quota"),
            ConnectionsMax = (int)fields.Integer("connections_max", 1, Bounds.StoreConnectionsMax, Connections),
            Create = Create(fields),
            TimeoutMs = Ms(fields, "timeout", Bounds.StoreTimeoutMsMin, Bounds.StoreTimeoutMsMax, Bounds.StoreTimeoutMsDefault),
            StartTimeoutMs = Ms(fields, "start_timeout", 0, Bounds.StoreStartTimeoutMsMax, Bounds.StoreStartTimeoutMsDefault),
        };
        if (settings.ConnectionString.Length > Bounds.SettingBytesMax)
        {
            // Not shown: it may hold a password.
            fields.Refuse("connection", $"has {settings.ConnectionString.Length} characters: must have at most {Bounds.SettingBytesMax}");
        }
        if (settings.Schema.Length > 63 || char.IsAsciiDigit(settings.Schema[0]) || !settings.Schema.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '_'))
        {
            fields.Refuse("schema", $"{Quoted.Text(settings.Schema)} is not a schema's name: must be 1 to 63 of a-z, 0-9 and _, not beginning with a digit");
        }
        fields.Finish();
        return settings;
    }

    private static string? Optional(FieldReader fields, string name) => fields.Take(name) is null ? null : fields.Text(name, "-");

    private static bool Create(FieldReader fields) => fields.Choice("create", new Dictionary<string, bool>(StringComparer.Ordinal) { ["true"] = true, ["false"] = false }, true);

    private static int Ms(FieldReader fields, string name, long min, long max, long fallback) =>
        (int)(fields.DurationNs(name, min * MsNs, max * MsNs, fallback * MsNs) / MsNs);
}
