using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Import.Aws;

/// <summary>The items of what an AWS CLI list command prints: an object with <c>items</c>; a list or a single object will do as well.</summary>
internal static class AwsItems
{
    public static IEnumerable<(ConfigNode Item, FieldPath Path)> Of(ConfigNode root, FileRemarks remarks)
    {
        if (root is ConfigSequence list)
        {
            return list.Items.Select((item, i) => (item, FieldPath.Root.Item(i)));
        }
        if (SourceObject.Open(root, FieldPath.Root, remarks) is not { } source)
        {
            return [];
        }
        if (source.Take("items") is null)
        {
            if (source.Take("id") is not null)
            {
                return [(root, FieldPath.Root)];
            }
            if (!source.Entries.Any(e => e.Name.Value == "items"))
            {
                remarks.Error(root, source.At("items"), "is required: this is not the output of a list command");
            }
            return [];
        }
        foreach (string more in (string[])["position", "NextToken"])
        {
            if (source.Take(more) is { } token)
            {
                remarks.Error(token, source.At(more), "the list goes on: run the command again without --no-paginate and --max-items");
            }
        }
        source.Take("warnings");
        IReadOnlyList<ConfigNode> items = source.List("items");
        source.Finish();
        return items.Select((item, i) => (item, FieldPath.Root.Field("items").Item(i)));
    }
}
