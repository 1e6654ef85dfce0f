using System.Globalization;
using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Import;

/// <summary>
/// Reads the fields of one object of an imported file by name. What has the wrong type is an error; what nobody asked for is
/// noted, because another product's newer version must not stop a move. An absent field and an empty one are the same.
/// </summary>
internal sealed class SourceObject
{
    private static readonly HashSet<string> Yes = new(StringComparer.OrdinalIgnoreCase) { "true", "yes", "on" };
    private static readonly HashSet<string> No = new(StringComparer.OrdinalIgnoreCase) { "false", "no", "off" };
    private readonly ConfigMapping _mapping;
    private readonly HashSet<string> _known = new(StringComparer.Ordinal);

    private SourceObject(ConfigMapping mapping, FieldPath path, FileRemarks remarks)
    {
        _mapping = mapping;
        Path = path;
        Remarks = remarks;
    }

    public ConfigNode Node => _mapping;

    public FieldPath Path { get; }

    public FileRemarks Remarks { get; }

    /// <summary>All fields, for objects whose names the user chose.</summary>
    public IReadOnlyList<ConfigEntry> Entries => _mapping.Entries;

    /// <summary>The object, or null and an error if the node is something else.</summary>
    public static SourceObject? Open(ConfigNode node, FieldPath path, FileRemarks remarks)
    {
        if (node is ConfigMapping mapping)
        {
            return new SourceObject(mapping, path, remarks);
        }
        remarks.Error(node, path, $"is {node.Kind}, but must be an object with named fields");
        return null;
    }

    /// <summary>The field's value, or null if it is absent or empty.</summary>
    public ConfigNode? Take(string name)
    {
        _known.Add(name);
        foreach (ConfigEntry entry in _mapping.Entries)
        {
            if (entry.Name.Value == name && entry.Value is not ConfigScalar { IsNull: true })
            {
                return entry.Value;
            }
        }
        return null;
    }

    public FieldPath At(string name) => Path.Field(name);

    /// <summary>The field's text; empty if it is absent.</summary>
    public string Text(string name) => Scalar(name)?.Value ?? "";

    /// <summary>A truth value as YAML and JSON write it; false if it is absent.</summary>
    public bool Flag(string name, bool fallback = false)
    {
        if (Scalar(name) is not { } scalar)
        {
            return fallback;
        }
        if (!scalar.IsPlain || (!Yes.Contains(scalar.Value) && !No.Contains(scalar.Value)))
        {
            Remarks.Error(scalar, At(name), $"{Quoted.Text(scalar.Value)} is not true or false");
            return fallback;
        }
        return Yes.Contains(scalar.Value);
    }

    /// <summary>A whole number within bounds, or null if it is absent or wrong.</summary>
    public long? Integer(string name, long min, long max)
    {
        if (Scalar(name) is not { } scalar)
        {
            return null;
        }
        if (!scalar.IsPlain || !long.TryParse(scalar.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long value))
        {
            Remarks.Error(scalar, At(name), $"{Quoted.Text(scalar.Value)} is not a whole number");
            return null;
        }
        if (value < min || value > max)
        {
            Remarks.Error(scalar, At(name), $"{scalar.Value} is out of bounds: must be from {min} to {max}");
            return null;
        }
        return value;
    }

    /// <summary>The items of a list; none if it is absent or something else.</summary>
    public IReadOnlyList<ConfigNode> List(string name)
    {
        switch (Take(name))
        {
            case null:
                return [];
            case ConfigSequence list:
                return list.Items;
            case { } other:
                Remarks.Error(other, At(name), $"is {other.Kind}, but must be a list");
                return [];
        }
    }

    /// <summary>The object in a field, or null if it is absent or something else.</summary>
    public SourceObject? Object(string name) => Take(name) is { } node ? Open(node, At(name), Remarks) : null;

    /// <summary>A single value, or null if it is absent or, with an error, something else.</summary>
    public ConfigScalar? Scalar(string name)
    {
        switch (Take(name))
        {
            case null:
                return null;
            case ConfigScalar scalar:
                return scalar;
            case { } other:
                Remarks.Error(other, At(name), $"is {other.Kind}, but must be a single value");
                return null;
        }
    }

    /// <summary>Notes every field that was not asked for.</summary>
    public void Finish()
    {
        foreach (ConfigEntry entry in _mapping.Entries)
        {
            string name = entry.Name.Value;
            if (name == "<<")
            {
                Remarks.Error(entry.Name, At(name), "YAML merge keys are not supported; name the whole value with an alias instead");
            }
            else if (!_known.Contains(name))
            {
                Remarks.Note(entry.Name, At(name), "unknown field; dropped");
            }
        }
    }
}
