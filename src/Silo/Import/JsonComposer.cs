using System.Text;
using System.Text.Json;
using Quota.Contracts;
using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Import;

/// <summary>Makes one JSON document into nodes that know their place. Strings count as quoted, numbers and truth values as plain.</summary>
internal ref struct JsonComposer
{
    private readonly ReadOnlySpan<byte> _text;
    private readonly ConfigErrorList _errors;
    private Utf8JsonReader _reader;
    private int _counted;
    private int _line;
    private int _lineStart;

    private JsonComposer(ReadOnlySpan<byte> text, ConfigErrorList errors)
    {
        _text = text;
        _errors = errors;
        _line = 1;
        _reader = new Utf8JsonReader(text, new JsonReaderOptions { MaxDepth = Bounds.ConfigDepthMax });
    }

    /// <summary>The root of the document, or null and an error.</summary>
    public static ConfigNode? Compose(string text, ConfigErrorList errors)
    {
        var composer = new JsonComposer(Encoding.UTF8.GetBytes(text), errors);
        try
        {
            composer._reader.Read();
            ConfigNode root = composer.Node(FieldPath.Root);
            // Whatever follows the document is an error of the reader.
            composer._reader.Read();
            return errors.Count > 0 ? null : root;
        }
        catch (JsonException e)
        {
            string message = e.Message.Split(" LineNumber:")[0];
            errors.Add((int)(e.LineNumber ?? 0) + 1, (int)(e.BytePositionInLine ?? 0) + 1, FieldPath.Root, $"not valid JSON: {message}");
            return null;
        }
    }

    private ConfigNode Node(FieldPath path)
    {
        (int line, int column) = Place();
        switch (_reader.TokenType)
        {
            case JsonTokenType.StartObject:
                return Object(line, column, path);
            case JsonTokenType.StartArray:
                var items = new List<ConfigNode>();
                while (_reader.Read() && _reader.TokenType != JsonTokenType.EndArray)
                {
                    items.Add(Node(path.Item(items.Count)));
                }
                return new ConfigSequence(line, column, items);
            case JsonTokenType.String:
                return new ConfigScalar(line, column, Text(path), plain: false);
            default:
                return new ConfigScalar(line, column, Encoding.UTF8.GetString(_reader.ValueSpan), plain: true);
        }
    }

    private ConfigMapping Object(int line, int column, FieldPath path)
    {
        var entries = new List<ConfigEntry>();
        var names = new HashSet<string>(StringComparer.Ordinal);
        while (_reader.Read() && _reader.TokenType != JsonTokenType.EndObject)
        {
            (int nameLine, int nameColumn) = Place();
            var name = new ConfigScalar(nameLine, nameColumn, Text(path), plain: false);
            FieldPath field = path.Field(name.Value);
            _reader.Read();
            ConfigNode value = Node(field);
            if (names.Add(name.Value))
            {
                entries.Add(new ConfigEntry(name, value));
            }
            else
            {
                _errors.Add(name, field, "is given twice");
            }
        }
        return new ConfigMapping(line, column, entries);
    }

    private readonly string Text(FieldPath path)
    {
        try
        {
            return _reader.GetString() ?? "";
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, written as an escape: valid JSON that stands for no text.
            int line = _text[..(int)_reader.TokenStartIndex].Count((byte)'\n') + 1;
            _errors.Add(line, 1, path, "contains an escape that stands for no character");
            return "";
        }
    }

    /// <summary>Line and column of the current token, from 1; the text is counted once.</summary>
    private (int Line, int Column) Place()
    {
        int at = (int)_reader.TokenStartIndex;
        ReadOnlySpan<byte> passed = _text[_counted..at];
        int breaks = passed.Count((byte)'\n');
        if (breaks > 0)
        {
            _line += breaks;
            _lineStart = _counted + passed.LastIndexOf((byte)'\n') + 1;
        }
        _counted = at;
        return (_line, at - _lineStart + 1);
    }
}
