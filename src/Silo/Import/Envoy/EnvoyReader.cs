using Quota.Contracts;
using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Import.Envoy;

/// <summary>
/// Reads configuration documents of envoyproxy/ratelimit by its own rules (its README and <c>config_impl.go</c>). What is a
/// fault there is an error here, except an unknown field, which is noted.
/// </summary>
internal sealed class EnvoyReader
{
    private static readonly Dictionary<string, EnvoyUnit> Units = new(StringComparer.OrdinalIgnoreCase)
    {
        ["second"] = EnvoyUnit.Second,
        ["minute"] = EnvoyUnit.Minute,
        ["hour"] = EnvoyUnit.Hour,
        ["day"] = EnvoyUnit.Day,
        ["week"] = EnvoyUnit.Week,
        ["month"] = EnvoyUnit.Month,
        ["year"] = EnvoyUnit.Year,
    };

    /// <summary>The domains in the order in which they are first named.</summary>
    public List<EnvoyDomain> Domains { get; } = [];

    /// <summary>Reads one document.</summary>
    public void Read(ConfigNode root, FileRemarks remarks)
    {
        if (SourceObject.Open(root, FieldPath.Root, remarks) is not { } source)
        {
            return;
        }
        ConfigScalar? name = source.Scalar("domain");
        IReadOnlyList<ConfigNode> descriptors = source.List("descriptors");
        source.Finish();
        if (name is null || name.Value.Length == 0)
        {
            remarks.Error(name ?? root, source.At("domain"), "is required");
            return;
        }
        string? problem = NameRules.Problem(name.Value, 1, Bounds.NameBytesMax)
            ?? (name.Value.StartsWith(NameRules.ReservedPrefix, StringComparison.Ordinal) ? $"namespaces that begin with {Quoted.Text(NameRules.ReservedPrefix)} are reserved" : null);
        if (problem is not null)
        {
            remarks.Error(name, source.At("domain"), problem);
            return;
        }
        EnvoyDomain? domain = Domains.Find(d => d.Name == name.Value);
        if (domain is null)
        {
            domain = new EnvoyDomain(name.Value, name, remarks);
            Domains.Add(domain);
        }
        else
        {
            remarks.Note(name, source.At("domain"), $"is named in {domain.Remarks.Name}:{domain.At.Line} already: the descriptors are merged, as there under MERGE_DOMAIN_CONFIG");
        }
        Descriptors(descriptors, source.At("descriptors"), remarks, domain.Descriptors);
    }

    private static void Descriptors(IReadOnlyList<ConfigNode> nodes, FieldPath path, FileRemarks remarks, List<EnvoyDescriptor> siblings)
    {
        Dictionary<(string Key, string Value), EnvoyDescriptor> known = siblings.ToDictionary(d => (d.Key, d.Value));
        for (int i = 0; i < nodes.Count; i++)
        {
            if (SourceObject.Open(nodes[i], path.Item(i), remarks) is not { } source || Descriptor(source) is not { } descriptor)
            {
                continue;
            }
            if (!known.TryAdd((descriptor.Key, descriptor.Value), descriptor))
            {
                EnvoyDescriptor first = known[(descriptor.Key, descriptor.Value)];
                remarks.Error(source.Node, source.Path, $"the descriptor {Quoted.Text(descriptor.Text)} is given twice; the first is in {first.Source.Remarks.Name}:{first.Line}");
                continue;
            }
            siblings.Add(descriptor);
        }
    }

    private static EnvoyDescriptor? Descriptor(SourceObject source)
    {
        ConfigScalar? key = source.Scalar("key");
        ConfigScalar? value = source.Scalar("value");
        bool share = source.Flag("share_threshold");
        var descriptor = new EnvoyDescriptor(source, key?.Value ?? "", value?.Value ?? "")
        {
            Limit = source.Object("rate_limit") is { } limit ? Limit(limit) : null,
            Shadow = source.Flag("shadow_mode"),
            ShareThreshold = share,
        };
        Dropped(source);
        IReadOnlyList<ConfigNode> children = source.List("descriptors");
        source.Finish();
        Descriptors(children, source.At("descriptors"), source.Remarks, descriptor.Children);
        if (descriptor.Key.Length == 0)
        {
            source.Remarks.Error(source.Node, source.At("key"), "is required");
            return null;
        }
        bool fits = Fits(key!, source.At("key"), source.Remarks, 1, Bounds.AttributeNameBytesMax)
            && (value is null || Fits(value, source.At("value"), source.Remarks, 0, Bounds.AttributeValueBytesMax));
        if (descriptor.Key.Contains('*', StringComparison.Ordinal))
        {
            source.Remarks.Error(key!, source.At("key"), "a wildcard in a key cannot be translated: attribute names are matched exactly");
            return null;
        }
        if (descriptor.IsWildcard && descriptor.Prefix.Length != descriptor.Value.Length - 1)
        {
            source.Remarks.Error(value!, source.At("value"), $"{Quoted.Text(descriptor.Value)} cannot be translated: an asterisk matches at the end of a value only");
            return null;
        }
        if (share && !descriptor.IsWildcard)
        {
            source.Remarks.Error(source.Node, source.At("share_threshold"), "only a value with a wildcard has a threshold to share");
            return null;
        }
        return fits ? descriptor : null;
    }

    private static bool Fits(ConfigScalar text, FieldPath path, FileRemarks remarks, int bytesMin, int bytesMax)
    {
        if (NameRules.Problem(text.Value, bytesMin, bytesMax) is not { } problem)
        {
            return true;
        }
        remarks.Error(text, path, problem);
        return false;
    }

    private static void Dropped(SourceObject source)
    {
        foreach (string metric in (string[])["detailed_metric", "value_to_metric"])
        {
            if (source.Flag(metric))
            {
                source.Remarks.Note(source.Take(metric)!, source.At(metric), "names metrics there; dropped: usage is kept per key and limit here");
            }
        }
        if (source.Take("metadata") is { } metadata)
        {
            source.Remarks.Note(metadata, source.At("metadata"), "is returned with the answer there; dropped: an answer here has no metadata of a limit");
        }
        if (source.Flag("quota_mode"))
        {
            source.Remarks.Error(source.Take("quota_mode")!, source.At("quota_mode"), "there a request is refused once all quota limits are used up; here every limit refuses by itself");
        }
    }

    private static EnvoyRateLimit? Limit(SourceObject source)
    {
        bool unlimited = source.Flag("unlimited");
        ConfigScalar? unitText = source.Scalar("unit");
        ConfigScalar? amountText = source.Scalar("requests_per_unit");
        long? amount = source.Integer("requests_per_unit", 0, uint.MaxValue);
        string name = source.Text("name");
        List<(ConfigNode, string)> replaces = Replaces(source, name);
        source.Finish();
        bool known = Units.TryGetValue(unitText?.Value ?? "", out EnvoyUnit unit);
        if (unlimited)
        {
            if (known)
            {
                source.Remarks.Error(unitText!, source.At("unit"), "an unlimited rate limit has no unit");
            }
            return known ? null : new EnvoyRateLimit(source, true, EnvoyUnit.Second, 0, name, replaces);
        }
        if (!known)
        {
            source.Remarks.Error(unitText ?? source.Node, source.At("unit"), unitText is null ? "is required" : $"{Quoted.Text(unitText.Value)} is not one of {string.Join(", ", Units.Keys)}");
            return null;
        }
        if (amountText is null)
        {
            source.Remarks.Note(source.Node, source.At("requests_per_unit"), "is absent, which is 0 there: every request is refused");
        }
        else if (amount is null)
        {
            return null;
        }
        return new EnvoyRateLimit(source, false, unit, amount ?? 0, name, replaces);
    }

    private static List<(ConfigNode At, string Name)> Replaces(SourceObject limit, string own)
    {
        var names = new List<(ConfigNode, string)>();
        IReadOnlyList<ConfigNode> items = limit.List("replaces");
        for (int i = 0; i < items.Count; i++)
        {
            if (SourceObject.Open(items[i], limit.At("replaces").Item(i), limit.Remarks) is not { } item)
            {
                continue;
            }
            string name = item.Text("name");
            item.Finish();
            if (name.Length == 0 || name == own)
            {
                limit.Remarks.Error(item.Node, item.At("name"), name.Length == 0 ? "is required" : "a limit cannot replace itself");
                continue;
            }
            names.Add((item.Node, name));
        }
        return names;
    }
}
