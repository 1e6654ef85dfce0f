using System.Text;
using Quota.Contracts;
using Quota.Grains.Model;

namespace Quota.Silo.Catalog.Config;

/// <summary>Reads the definition of one key, whichever way it came.</summary>
internal static class KeyReader
{
    private static readonly Dictionary<string, bool> Statuses = new(StringComparer.Ordinal)
    {
        ["active"] = false,
        ["disabled"] = true,
    };

    private static readonly Dictionary<string, KeyStatus> DisabledPolicies = new(StringComparer.Ordinal)
    {
        ["deny"] = KeyStatus.DisabledDeny,
        ["allow"] = KeyStatus.DisabledAllow,
    };

    /// <summary>The definition; meaningful if it added no errors.</summary>
    public static KeyConfig Read(FieldReader key)
    {
        string plan = key.Require("plan") is { } node ? key.Text(node, key.Path.Field("plan")) ?? "" : "";
        KeyStatus whenDisabled = key.Choice("disabled", DisabledPolicies, KeyStatus.DisabledDeny);
        bool isDisabled = key.Choice("status", Statuses, false);
        string zone = "";
        int anchorDay = 0;
        if (key.Mapping("billing") is { } billing)
        {
            zone = ZoneReader.Read(billing, "time_zone", "");
            anchorDay = (int)billing.Integer("anchor_day", 1, 31, 0);
            billing.Finish();
        }
        var config = new KeyConfig
        {
            Plan = plan,
            Parent = Parent(key),
            Overrides = Overrides(key),
            Status = isDisabled ? whenDisabled : KeyStatus.Active,
            Labels = Labels(key),
            Zone = zone,
            AnchorDay = anchorDay,
        };
        if (key.Take("note") is { } note && key.Text(note, key.Path.Field("note")) is { } text && Encoding.UTF8.GetByteCount(text) > Bounds.NoteBytesMax)
        {
            key.Refuse("note", $"has {Encoding.UTF8.GetByteCount(text)} bytes: must have at most {Bounds.NoteBytesMax}");
        }
        key.Finish();
        return config;
    }

    private static string? Parent(FieldReader key)
    {
        if (key.Take("parent") is not { } node || key.Text(node, key.Path.Field("parent")) is not { } parent)
        {
            return null;
        }
        if (NameRules.Problem(parent, 1, Bounds.KeyBytesMax) is { } problem)
        {
            key.Refuse("parent", problem);
        }
        return parent;
    }

    private static List<LimitModel> Overrides(FieldReader key)
    {
        var limits = new List<LimitModel>();
        if (key.Take("overrides") is { } node)
        {
            PlanReader.Limits(node, key.Path.Field("overrides"), key.Errors, limits);
        }
        return limits;
    }

    private static KeyValuePair<string, string>[] Labels(FieldReader key)
    {
        FieldPath path = key.Path.Field("labels");
        if (key.Take("labels") is not { } node || node is ConfigScalar { IsNull: true })
        {
            return [];
        }
        if (node is not ConfigMapping mapping)
        {
            key.Errors.Add(node, path, $"is {node.Kind}, but must be a mapping (name: value)");
            return [];
        }
        if (mapping.Entries.Count > Bounds.LabelsMax)
        {
            key.Errors.Add(node, path, $"has {mapping.Entries.Count} labels: must have at most {Bounds.LabelsMax}");
        }
        var labels = new List<KeyValuePair<string, string>>();
        foreach (ConfigEntry entry in mapping.Entries)
        {
            FieldPath field = path.Field(entry.Name.Value);
            if (NameRules.Problem(entry.Name.Value, 1, Bounds.LabelNameBytesMax) is { } nameProblem)
            {
                key.Errors.Add(entry.Name, field, nameProblem);
            }
            string? value = entry.Value is ConfigScalar { Value: "", IsNull: false } ? "" : key.Text(entry.Value, field);
            if (value is not null && NameRules.Problem(value, 0, Bounds.LabelValueBytesMax) is { } problem)
            {
                key.Errors.Add(entry.Value, field, problem);
            }
            labels.Add(KeyValuePair.Create(entry.Name.Value, value ?? ""));
        }
        return [.. labels.OrderBy(l => l.Key, StringComparer.Ordinal)];
    }
}
