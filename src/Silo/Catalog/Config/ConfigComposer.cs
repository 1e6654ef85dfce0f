using Quota.Contracts;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace Quota.Silo.Catalog.Config;

/// <summary>
/// Makes YAML documents into nodes that know their place. Depth is bounded, and so is what aliases add: an alias shares the
/// node it names, but counts as often as it is used, because every reader of the tree would visit it that often.
/// </summary>
internal sealed class ConfigComposer
{
    private readonly Parser _parser;
    private readonly ConfigErrorList _errors;
    private readonly Dictionary<string, (ConfigNode? Node, long Values)> _anchors = new(StringComparer.Ordinal);
    private long _values;
    private long _aliasedValues;

    private ConfigComposer(string text, ConfigErrorList errors)
    {
        _parser = new Parser(new StringReader(text));
        _errors = errors;
    }

    /// <summary>The root of the document, or null after an error that leaves nothing to read. A second document is an error.</summary>
    public static ConfigNode? Compose(string text, ConfigErrorList errors) => ComposeAll(text, errors, 1) is [ConfigNode root] ? root : null;

    /// <summary>The roots of at most <paramref name="documentsMax"/> documents; none after an error that leaves nothing to read.</summary>
    public static IReadOnlyList<ConfigNode> ComposeAll(string text, ConfigErrorList errors, int documentsMax)
    {
        var composer = new ConfigComposer(text, errors);
        try
        {
            return composer.Documents(documentsMax);
        }
        catch (YamlException e)
        {
            errors.Add((int)e.Start.Line, (int)e.Start.Column, FieldPath.Root, $"not valid YAML: {e.Message.ReplaceLineEndings(" ")}");
            return [];
        }
        catch (Exception e) when (e is InvalidOperationException or ArgumentException or IndexOutOfRangeException)
        {
            // The YAML scanner leaves its own states by these on some malformed texts (a plain value that breaks off in a flow list, for one). Only the
            // library runs here, so they say nothing about our own state.
            Mark near = composer._parser.Current?.End ?? Mark.Empty;
            errors.Add((int)near.Line, (int)near.Column, FieldPath.Root, "not valid YAML near here");
            return [];
        }
    }

    private List<ConfigNode> Documents(int documentsMax)
    {
        Next<StreamStart>();
        var roots = new List<ConfigNode>();
        while (_parser.MoveNext() && _parser.Current is DocumentStart start)
        {
            if (roots.Count == documentsMax)
            {
                string message = documentsMax == 1 ? "a second document begins; the configuration is one document" : $"has more than {documentsMax} documents";
                _errors.Add((int)start.Start.Line, (int)start.Start.Column, FieldPath.Root, message);
                return [];
            }
            _anchors.Clear();
            _parser.MoveNext();
            if (Node(FieldPath.Root, 0) is not { } root)
            {
                return [];
            }
            roots.Add(root);
            Next<DocumentEnd>();
        }
        if (roots.Count == 0)
        {
            _errors.Add(0, 0, FieldPath.Root, "is empty");
        }
        return roots;
    }

    private void Next<TEvent>()
        where TEvent : ParsingEvent
    {
        if (!_parser.MoveNext() || _parser.Current is not TEvent)
        {
            Mark at = _parser.Current?.Start ?? Mark.Empty;
            throw new YamlException(at, at, "the document ends unexpectedly");
        }
    }

    /// <summary>Composes the node the parser stands on, and leaves the parser on the node's last event. Null stops everything.</summary>
    private ConfigNode? Node(FieldPath path, int depth)
    {
        ParsingEvent at = _parser.Current!;
        if (at is YamlDotNet.Core.Events.AnchorAlias alias)
        {
            return Alias(alias, path);
        }
        if (depth > Bounds.ConfigDepthMax)
        {
            return Stop(at, path, $"nested deeper than {Bounds.ConfigDepthMax} levels");
        }
        long valuesBefore = _values++;
        if (at is not NodeEvent node)
        {
            return Stop(at, path, "a value is expected here");
        }
        string anchor = node.Anchor.IsEmpty ? "" : node.Anchor.Value;
        if (anchor.Length > 0)
        {
            // Known by name from here, complete only after its end.
            _anchors[anchor] = (null, 0);
        }
        if (!node.Tag.IsEmpty && !node.Tag.IsNonSpecific)
        {
            _errors.Add((int)at.Start.Line, (int)at.Start.Column, path, $"YAML tags such as {Quoted.Text(node.Tag.Value)} are not supported");
        }
        ConfigNode? composed = node switch
        {
            Scalar scalar => new ConfigScalar((int)scalar.Start.Line, (int)scalar.Start.Column, scalar.Value, scalar.Style == ScalarStyle.Plain),
            MappingStart => Mapping(at, path, depth),
            SequenceStart => Sequence(at, path, depth),
            _ => Stop(at, path, "a value is expected here"),
        };
        if (anchor.Length > 0 && composed is not null)
        {
            _anchors[anchor] = (composed, _values - valuesBefore);
        }
        return composed;
    }

    private ConfigNode? Alias(YamlDotNet.Core.Events.AnchorAlias alias, FieldPath path)
    {
        if (!_anchors.TryGetValue(alias.Value.Value, out (ConfigNode? Node, long Values) target))
        {
            return Stop(alias, path, $"the alias {Quoted.Text(alias.Value.Value)} names nothing above it");
        }
        if (target.Node is null)
        {
            return Stop(alias, path, $"the alias {Quoted.Text(alias.Value.Value)} stands within what it names");
        }
        _values += target.Values;
        _aliasedValues += target.Values;
        if (_aliasedValues > Bounds.ConfigAliasedValuesMax)
        {
            return Stop(alias, path, $"aliases add more than {Bounds.ConfigAliasedValuesMax} values");
        }
        return target.Node;
    }

    private ConfigMapping? Mapping(ParsingEvent start, FieldPath path, int depth)
    {
        var entries = new List<ConfigEntry>();
        var lines = new Dictionary<string, int>(StringComparer.Ordinal);
        while (_parser.MoveNext() && _parser.Current is not MappingEnd)
        {
            if (Node(path, depth + 1) is not { } name)
            {
                return null;
            }
            if (name is not ConfigScalar scalar)
            {
                Stop(start, path, "a name must be a single value");
                return null;
            }
            FieldPath field = path.Field(scalar.Value);
            _parser.MoveNext();
            if (Node(field, depth + 1) is not { } value)
            {
                return null;
            }
            if (lines.TryAdd(scalar.Value, scalar.Line))
            {
                entries.Add(new ConfigEntry(scalar, value));
            }
            else
            {
                _errors.Add(scalar, field, $"is given twice; the first is in line {lines[scalar.Value]}");
            }
        }
        return new ConfigMapping((int)start.Start.Line, (int)start.Start.Column, entries);
    }

    private ConfigSequence? Sequence(ParsingEvent start, FieldPath path, int depth)
    {
        var items = new List<ConfigNode>();
        while (_parser.MoveNext() && _parser.Current is not SequenceEnd)
        {
            if (Node(path.Item(items.Count), depth + 1) is not { } item)
            {
                return null;
            }
            items.Add(item);
        }
        return new ConfigSequence((int)start.Start.Line, (int)start.Start.Column, items);
    }

    private ConfigNode? Stop(ParsingEvent at, FieldPath path, string message)
    {
        _errors.Add((int)at.Start.Line, (int)at.Start.Column, path, message);
        return null;
    }
}
