namespace Quota.Silo.Catalog.Config;

/// <summary>Reads a field that is one text or a list of them.</summary>
internal static class TextList
{
    /// <summary>One text or a list of distinct ones; at least one.</summary>
    public static List<string> Read(FieldReader fields, ConfigNode node, FieldPath path, int bytesMin, int bytesMax, int countMax)
    {
        var texts = new List<string>();
        if (node is not ConfigSequence list)
        {
            AddText(fields, node, path, bytesMin, bytesMax, texts);
            return texts;
        }
        if (list.Items.Count == 0 || list.Items.Count > countMax)
        {
            fields.Errors.Add(node, path, $"has {list.Items.Count} values: must have 1 to {countMax}");
            return texts;
        }
        for (int i = 0; i < list.Items.Count; i++)
        {
            AddText(fields, list.Items[i], path.Item(i), bytesMin, bytesMax, texts);
        }
        return texts;
    }

    private static void AddText(FieldReader fields, ConfigNode node, FieldPath path, int bytesMin, int bytesMax, List<string> texts)
    {
        // A quoted "" is a value that a condition may ask for; nothing at all is a value forgotten.
        string? text = bytesMin == 0 && node is ConfigScalar { Value: "", IsNull: false } ? "" : fields.Text(node, path);
        if (text is null)
        {
            return;
        }
        if (NameRules.Problem(text, bytesMin, bytesMax) is { } problem)
        {
            fields.Errors.Add(node, path, problem);
        }
        else if (texts.Contains(text))
        {
            fields.Errors.Add(node, path, $"{Quoted.Text(text)} is given twice");
        }
        else
        {
            texts.Add(text);
        }
    }
}
