using System.Net;
using Quota.Contracts;
using Quota.Silo.Cluster;
using Quota.Silo.Cluster.Forwarding;
using Quota.Silo.Store;

namespace Quota.Silo.Catalog.Config;

/// <summary>Reads the <c>orleans</c> section of <c>server</c>.</summary>
internal static class OrleansReader
{
    private const long MsNs = 1_000_000;
    private const string TableSuffix = "-silos";
    private static readonly OrleansSettings Defaults = new();

    private static readonly Dictionary<string, bool> Memberships = new(StringComparer.Ordinal) { ["store"] = true, ["localhost"] = false };

    /// <summary>The settings; meaningful if it added no errors.</summary>
    /// <param name="server">The <c>server</c> section.</param>
    /// <param name="executor">The executor it names.</param>
    /// <param name="store">The store of the cluster; null if it is wrong.</param>
    /// <param name="partitions">How many partitions there are.</param>
    public static OrleansSettings? Read(FieldReader server, ExecutorKind executor, StoreSettings? store, int partitions)
    {
        FieldReader? section = server.Mapping("orleans");
        if (executor != ExecutorKind.Orleans)
        {
            if (section is not null)
            {
                server.Refuse("orleans", "has no effect unless executor is orleans; remove it");
            }
            return null;
        }
        OrleansSettings settings = Defaults with { Membership = Membership(store), Partitions = new PartitionSettings { Count = partitions, TimeoutMs = (store?.TimeoutMs ?? 0) + Bounds.ForwardMarginMs } };
        return section is null ? settings : Read(section, settings);
    }

    private static OrleansSettings Read(FieldReader section, OrleansSettings settings)
    {
        bool inStore = section.Choice("membership", Memberships, true);
        settings = settings with
        {
            ClusterId = section.Text("cluster", Defaults.ClusterId),
            Address = Address(section, "address", Defaults.Address),
            ListensEverywhere = section.Choice("listen", new Dictionary<string, bool>(StringComparer.Ordinal) { ["address"] = false, ["everywhere"] = true }, false),
            Membership = inStore ? settings.Membership : null,
            Primary = Address(section, "primary", Defaults.Primary),
            Partitions = settings.Partitions with { TimeoutMs = Ms(section, "forward_timeout", Bounds.ForwardTimeoutMsMin, Bounds.ForwardTimeoutMsMax, settings.Partitions.TimeoutMs) },
            ProbeIntervalMs = Ms(section, "probe_interval", Bounds.ProbeIntervalMsMin, Bounds.ProbeIntervalMsMax, Defaults.ProbeIntervalMs),
            Tls = section.Mapping("tls") is { } tls ? Tls(tls) : null,
        };
        if (inStore && section.Take("primary") is not null)
        {
            section.Refuse("primary", "has no effect unless membership is localhost; remove it");
        }
        if (settings.ClusterId.Length > Bounds.NameBytesMax || !SiloNames.IsName(settings.ClusterId))
        {
            section.Refuse("cluster", $"{Quoted.Text(settings.ClusterId)} is not a cluster's name: {SiloNames.Rule}");
        }
        section.Finish();
        return settings;
    }

    /// <summary>DynamoDB: a table of its own; PostgreSQL: Orleans' tables in the same database.</summary>
    private static StoreSettings? Membership(StoreSettings? store) => store is DynamoSettings dynamo ? dynamo with { Table = dynamo.Table + TableSuffix } : store;

    private static SiloTlsSettings Tls(FieldReader tls)
    {
        var settings = new SiloTlsSettings(File(tls, "certificate"), File(tls, "key"), File(tls, "authority"));
        tls.Finish();
        return settings;
    }

    private static string File(FieldReader tls, string name)
    {
        string path = tls.Require(name) is { } node ? tls.Text(node, tls.Path.Field(name)) ?? "" : "";
        if (path.Length > 0 && NameRules.Problem(path, 1, Bounds.SettingBytesMax) is { } problem)
        {
            tls.Refuse(name, problem);
        }
        return path;
    }

    private static string Address(FieldReader section, string name, string fallback)
    {
        string text = section.Text(name, fallback);
        if (!ListenText.TryParse(text, out IPEndPoint endPoint) || endPoint.Port == 0)
        {
            section.Refuse(name, $"{Quoted.Text(text)} is not an address with a port from 1 (example: 10.0.0.7:7072)");
        }
        else if (endPoint.Address.Equals(IPAddress.Any) || endPoint.Address.Equals(IPAddress.IPv6Any))
        {
            section.Refuse(name, $"{Quoted.Text(text)} is all interfaces: other silos need an address that they can reach; listen: everywhere listens on all");
        }
        return text;
    }

    private static int Ms(FieldReader section, string name, long minMs, long maxMs, int fallbackMs) =>
        (int)(section.DurationNs(name, minMs * MsNs, maxMs * MsNs, fallbackMs * MsNs) / MsNs);
}
