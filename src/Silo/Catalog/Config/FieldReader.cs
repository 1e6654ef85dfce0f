namespace Quota.Silo.Catalog.Config;

/// <summary>
/// Reads the fields of one mapping by name and reports what is wrong with each; <see cref="Finish"/> reports the fields that
/// nobody asked for. A field that is absent or wrong reads as its fallback: whoever builds something from it looks at
/// <see cref="ConfigErrorList.Count"/> first.
/// </summary>
internal sealed class FieldReader
{
    private readonly ConfigMapping _mapping;
    private readonly Dictionary<string, ConfigEntry> _entries = new(StringComparer.Ordinal);
    private readonly List<string> _known = [];

    private FieldReader(ConfigMapping mapping, FieldPath path, ConfigErrorList errors)
    {
        _mapping = mapping;
        Path = path;
        Errors = errors;
        foreach (ConfigEntry entry in mapping.Entries)
        {
            _entries.Add(entry.Name.Value, entry);
        }
    }

    public FieldPath Path { get; }

    public ConfigErrorList Errors { get; }

    /// <summary>A reader of <paramref name="node"/>, or null and an error if it is not a mapping. Nothing is an empty mapping.</summary>
    public static FieldReader? Open(ConfigNode node, FieldPath path, ConfigErrorList errors)
    {
        switch (node)
        {
            case ConfigMapping mapping:
                return new FieldReader(mapping, path, errors);
            case ConfigScalar { IsNull: true }:
                return new FieldReader(new ConfigMapping(node.Line, node.Column, []), path, errors);
            default:
                errors.Add(node, path, $"is {node.Kind}, but must be a mapping (name: value)");
                return null;
        }
    }

    /// <summary>The value of the field, or null if it is absent.</summary>
    public ConfigNode? Take(string name)
    {
        _known.Add(name);
        return _entries.TryGetValue(name, out ConfigEntry entry) ? entry.Value : null;
    }

    /// <summary>The value of a field that must be there, or null and an error.</summary>
    public ConfigNode? Require(string name)
    {
        ConfigNode? node = Take(name);
        if (node is null)
        {
            Errors.Add(_mapping, Path.Field(name), "is required");
        }
        return node;
    }

    /// <summary>A reader of a field that is a mapping, or null if it is absent or wrong.</summary>
    public FieldReader? Mapping(string name) => Take(name) is { } node ? Open(node, Path.Field(name), Errors) : null;

    /// <summary>Text that is not empty, or the fallback.</summary>
    public string Text(string name, string fallback) => Take(name) is { } node ? Text(node, Path.Field(name)) ?? fallback : fallback;

    /// <summary>The text of a single value, or null and an error.</summary>
    public string? Text(ConfigNode node, FieldPath path)
    {
        switch (node)
        {
            case ConfigScalar { IsNull: true } or ConfigScalar { Value: "" }:
                Errors.Add(node, path, "has no value");
                return null;
            case ConfigScalar scalar:
                return scalar.Value;
            default:
                Errors.Add(node, path, $"is {node.Kind}, but must be a single value");
                return null;
        }
    }

    /// <summary>A whole number within bounds, or the fallback.</summary>
    public long Integer(string name, long min, long max, long fallback) =>
        Number(name, fallback, min, max, AmountText.TryParse, "a whole number", AmountText.Examples, v => v.ToString(System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>The whole number of a single value within bounds, or the fallback.</summary>
    public long Integer(ConfigNode node, FieldPath path, long min, long max, long fallback) =>
        Number(node, path, fallback, min, max, AmountText.TryParse, "a whole number", AmountText.Examples, v => v.ToString(System.Globalization.CultureInfo.InvariantCulture));

    /// <summary>A duration in ns within bounds, or the fallback.</summary>
    public long DurationNs(string name, long minNs, long maxNs, long fallbackNs) =>
        Number(name, fallbackNs, minNs, maxNs, DurationText.TryParse, "a duration", DurationText.Examples, DurationText.Format);

    /// <summary>A size in bytes within bounds, or the fallback.</summary>
    public long Bytes(string name, long min, long max, long fallback) =>
        Number(name, fallback, min, max, SizeText.TryParse, "a size", SizeText.Examples, SizeText.Format);

    /// <summary>One of the named choices, or the fallback.</summary>
    public TValue Choice<TValue>(string name, IReadOnlyDictionary<string, TValue> choices, TValue fallback)
    {
        if (Take(name) is not { } node || Text(node, Path.Field(name)) is not { } text)
        {
            return fallback;
        }
        if (choices.TryGetValue(text, out TValue? value))
        {
            return value;
        }
        Errors.Add(node, Path.Field(name), $"{Quoted.Text(text)} is not one of {string.Join(", ", choices.Keys)}{Suggestion.For(text, choices.Keys)}");
        return fallback;
    }

    /// <summary>Reports an error at the field, or at the mapping if the field is absent.</summary>
    public void Refuse(string name, string message) =>
        Errors.Add(_entries.TryGetValue(name, out ConfigEntry entry) ? entry.Value : _mapping, Path.Field(name), message);

    /// <summary>Reports every field that was not asked for.</summary>
    public void Finish()
    {
        foreach (ConfigEntry entry in _mapping.Entries)
        {
            string name = entry.Name.Value;
            if (_known.Contains(name))
            {
                continue;
            }
            string message = name == "<<"
                ? "YAML merge keys are not supported; name the whole value with an alias instead"
                : $"unknown field{Suggestion.For(name, _known)}";
            Errors.Add(entry.Name, Path.Field(name), message);
        }
    }

    private delegate bool NumberParser(ReadOnlySpan<char> text, out long value);

    private long Number(string name, long fallback, long min, long max, NumberParser parse, string what, string examples, Func<long, string> format) =>
        Take(name) is { } node ? Number(node, Path.Field(name), fallback, min, max, parse, what, examples, format) : fallback;

    private long Number(ConfigNode node, FieldPath path, long fallback, long min, long max, NumberParser parse, string what, string examples, Func<long, string> format)
    {
        if (Text(node, path) is not { } text)
        {
            return fallback;
        }
        if (!parse(text, out long value))
        {
            Errors.Add(node, path, $"{Quoted.Text(text)} is not {what} (examples: {examples})");
            return fallback;
        }
        if (value < min || value > max)
        {
            Errors.Add(node, path, $"{text} is out of bounds: must be from {format(min)} to {format(max)}");
            return fallback;
        }
        return value;
    }
}
