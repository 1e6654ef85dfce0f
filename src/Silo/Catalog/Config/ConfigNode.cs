namespace Quota.Silo.Catalog.Config;

/// <summary>A value of the configuration file with its place, from 1.</summary>
internal abstract class ConfigNode(int line, int column)
{
    public int Line { get; } = line;

    public int Column { get; } = column;

    /// <summary>What the value is, for a message.</summary>
    public abstract string Kind { get; }
}

/// <summary>A single value.</summary>
internal sealed class ConfigScalar(int line, int column, string value, bool plain) : ConfigNode(line, column)
{
    public string Value { get; } = value;

    /// <summary>Written without quotes: it may stand for a number or a truth value.</summary>
    public bool IsPlain { get; } = plain;

    /// <summary>Nothing, <c>null</c> or <c>~</c>, without quotes.</summary>
    public bool IsNull { get; } = plain && value is "" or "~" or "null";

    public override string Kind => IsNull ? "empty" : "a single value";
}

/// <summary>Named values in the order of the file; the names are distinct.</summary>
internal sealed class ConfigMapping(int line, int column, IReadOnlyList<ConfigEntry> entries) : ConfigNode(line, column)
{
    public IReadOnlyList<ConfigEntry> Entries { get; } = entries;

    public override string Kind => "a mapping";
}

/// <summary>One named value of a mapping.</summary>
internal readonly record struct ConfigEntry(ConfigScalar Name, ConfigNode Value);

/// <summary>A list.</summary>
internal sealed class ConfigSequence(int line, int column, IReadOnlyList<ConfigNode> items) : ConfigNode(line, column)
{
    public IReadOnlyList<ConfigNode> Items { get; } = items;

    public override string Kind => "a list";
}
