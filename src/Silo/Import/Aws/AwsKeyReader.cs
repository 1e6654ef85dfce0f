using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Import.Aws;

/// <summary>Reads what <c>get-usage-plan-keys</c> and <c>get-api-keys --include-values</c> print, and joins them by the keys' ids.</summary>
internal sealed class AwsKeyReader
{
    private readonly Dictionary<string, AwsApiKey> _byId = new(StringComparer.Ordinal);

    /// <summary>Every key, in the order in which it is first named.</summary>
    public List<AwsApiKey> Keys { get; } = [];

    /// <summary>Keys of one usage plan: id, type, value, name.</summary>
    public void ReadPlanKeys(ConfigNode root, FileRemarks remarks, AwsUsagePlan plan)
    {
        foreach ((ConfigNode item, FieldPath path) in AwsItems.Of(root, remarks))
        {
            if (SourceObject.Open(item, path, remarks) is not { } source || Key(source) is not { } key)
            {
                continue;
            }
            if (source.Scalar("type") is { } type && type.Value != "API_KEY")
            {
                remarks.Note(type, source.At("type"), $"{Quoted.Text(type.Value)} is not API_KEY; taken for one");
            }
            source.Finish();
            if (key.Plans.Contains(plan))
            {
                remarks.Error(item, path, $"the key {Quoted.Text(key.Id)} is given twice for the usage plan {Quoted.Text(plan.Id)}");
            }
            else
            {
                key.Plans.Add(plan);
            }
        }
    }

    /// <summary>API keys of the account: id, value, name, customerId, description, enabled and more.</summary>
    public void ReadApiKeys(ConfigNode root, FileRemarks remarks)
    {
        foreach ((ConfigNode item, FieldPath path) in AwsItems.Of(root, remarks))
        {
            if (SourceObject.Open(item, path, remarks) is not { } source || Key(source) is not { } key)
            {
                continue;
            }
            key.CustomerId = source.Text("customerId");
            key.Description = source.Text("description");
            key.Enabled = source.Flag("enabled", fallback: true);
            // Facts about the record itself.
            source.Take("createdDate");
            source.Take("lastUpdatedDate");
            if (source.List("stageKeys").Count > 0)
            {
                remarks.Note(source.Take("stageKeys")!, source.At("stageKeys"), "dropped: which APIs a key may call is not checked here");
            }
            if (source.Take("tags") is ConfigMapping { Entries.Count: > 0 } tags)
            {
                remarks.Note(tags, source.At("tags"), "dropped: set labels on the key for what billing needs");
            }
            source.Finish();
        }
    }

    private AwsApiKey? Key(SourceObject source)
    {
        string id = source.Text("id");
        string value = source.Text("value");
        string name = source.Text("name");
        if (id.Length == 0)
        {
            source.Remarks.Error(source.Node, source.At("id"), "is required");
            return null;
        }
        if (!_byId.TryGetValue(id, out AwsApiKey? key))
        {
            key = new AwsApiKey(id) { At = source.Node, Path = source.Path, Remarks = source.Remarks };
            _byId.Add(id, key);
            Keys.Add(key);
        }
        key.Value = value.Length > 0 ? value : key.Value;
        key.Name = name.Length > 0 ? name : key.Name;
        return key;
    }
}
