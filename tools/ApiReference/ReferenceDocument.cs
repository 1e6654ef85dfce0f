using System.Globalization;
using System.Text;
using Google.Protobuf.Reflection;
using Field = Google.Protobuf.Reflection.FieldDescriptorProto;

namespace Quota.ApiReference;

/// <summary>Renders the API reference, in Markdown, from the protos and their comments.</summary>
public sealed class ReferenceDocument
{
    /// <summary>How the reference is made anew.</summary>
    public const string Command = "make docs";

    // Field numbers of descriptor.proto, of which the places of comments consist.
    private const int FileMessages = 4;
    private const int FileEnums = 5;
    private const int FileServices = 6;
    private const int FileSyntax = 12;
    private const int Members = 2;

    private readonly StringBuilder _text = new();
    private readonly FileDescriptorProto _file;
    private readonly ProtoComments _comments;

    private ReferenceDocument(FileDescriptorProto file)
    {
        _file = file;
        _comments = new ProtoComments(file);
    }

    /// <summary>The protos of the reference, in its order.</summary>
    public static FileDescriptorSet Protos()
    {
        using Stream stream = typeof(ReferenceDocument).Assembly.GetManifestResourceStream("protos.pb")
            ?? throw new InvalidOperationException("The build has not described the protos.");
        return FileDescriptorSet.Parser.ParseFrom(stream);
    }

    /// <summary>The whole document.</summary>
    public static string Render()
    {
        FileDescriptorSet protos = Protos();
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"""
            <!-- Generated from src/Contracts/Protos by `{Command}`; edit the comments there. -->
            # API reference

            gRPC services of the package `{protos.File[0].Package}`, and their JSON twins over HTTP. JSON is the canonical protobuf JSON of the messages
            with the fields' original names: 64-bit integers are written as strings and read as either, enum values are written by name. The
            check's twin differs: it answers in lowerCamelCase with 64-bit integers as numbers, reads either form, and refuses unknown fields.
            The server also answers `grpc.health.v1.Health` and `grpc.reflection.v1.ServerReflection`.


            """);
        foreach (ServiceDescriptorProto service in protos.File.SelectMany(f => f.Service))
        {
            text.Append(CultureInfo.InvariantCulture, $"- {Link(service.Name)}: {string.Join(", ", service.Method.Select(m => Link(m.Name)))}\n");
        }
        foreach (FileDescriptorProto file in protos.File)
        {
            text.Append('\n').Append(new ReferenceDocument(file).RenderFile());
        }
        return text.ToString();
    }

    private string RenderFile()
    {
        Heading(2, Path.GetFileName(_file.Name));
        Paragraph(_comments.Lines(FileSyntax));
        for (int i = 0; i < _file.Service.Count; i++)
        {
            Service(_file.Service[i], i);
        }
        for (int i = 0; i < _file.MessageType.Count; i++)
        {
            Message(_file.MessageType[i], i);
        }
        for (int i = 0; i < _file.EnumType.Count; i++)
        {
            Enum(_file.EnumType[i], i);
        }
        return _text.ToString().TrimEnd('\n') + "\n";
    }

    private void Service(ServiceDescriptorProto service, int index)
    {
        Heading(3, service.Name);
        Paragraph(_comments.Lines(FileServices, index));
        for (int i = 0; i < service.Method.Count; i++)
        {
            MethodDescriptorProto method = service.Method[i];
            Heading(4, method.Name);
            Paragraph(_comments.Lines(FileServices, index, Members, i));
            string request = $"{(method.ClientStreaming ? "stream of " : "")}{Link(Short(method.InputType))}";
            string response = $"{(method.ServerStreaming ? "stream of " : "")}{Link(Short(method.OutputType))}";
            string http = HttpEndpoints.ByMethod.TryGetValue($"{service.Name}.{method.Name}", out string? path) ? $"`{path}`" : "none";
            _text.Append(CultureInfo.InvariantCulture, $"`/{_file.Package}.{service.Name}/{method.Name}` · {request} → {response} · HTTP: {http}\n\n");
        }
    }

    private void Message(DescriptorProto message, int index)
    {
        Heading(3, message.Name);
        Paragraph(_comments.Lines(FileMessages, index));
        if (message.Field.Count == 0)
        {
            _text.Append("No fields.\n\n");
            return;
        }
        _text.Append("| # | field | type | |\n|---|---|---|---|\n");
        for (int i = 0; i < message.Field.Count; i++)
        {
            Field field = message.Field[i];
            string comment = string.Join(' ', _comments.Lines(FileMessages, index, Members, i).Select(Cell));
            if (field.HasOneofIndex && !field.Proto3Optional)
            {
                comment = $"One of `{message.OneofDecl[field.OneofIndex].Name}`. {comment}".TrimEnd();
            }
            _text.Append(CultureInfo.InvariantCulture, $"| {field.Number} | `{field.Name}` | {Type(message, field)} | {comment} |\n");
        }
        _text.Append('\n');
    }

    private void Enum(EnumDescriptorProto type, int index)
    {
        Heading(3, type.Name);
        Paragraph(_comments.Lines(FileEnums, index));
        _text.Append("| # | value | |\n|---|---|---|\n");
        for (int i = 0; i < type.Value.Count; i++)
        {
            string comment = string.Join(' ', _comments.Lines(FileEnums, index, Members, i).Select(Cell));
            _text.Append(CultureInfo.InvariantCulture, $"| {type.Value[i].Number} | `{type.Value[i].Name}` | {comment} |\n");
        }
        _text.Append('\n');
    }

    private static string Type(DescriptorProto message, Field field)
    {
        string name = field.TypeName.Length > 0 ? Link(Short(field.TypeName)) : field.Type.ToString().ToLowerInvariant();
        if (field.Label != Field.Types.Label.Repeated)
        {
            return field.Proto3Optional ? $"optional {name}" : name;
        }
        DescriptorProto? entry = message.NestedType.FirstOrDefault(n => n.Options?.MapEntry == true && n.Name == Short(field.TypeName));
        return entry is null ? $"repeated {name}" : $"map of {Type(entry, entry.Field[0])} to {Type(entry, entry.Field[1])}";
    }

    private void Heading(int level, string text) => _text.Append(new string('#', level)).Append(' ').Append(text).Append("\n\n");

    private void Paragraph(IReadOnlyList<string> lines)
    {
        if (lines.Count > 0)
        {
            _text.Append(string.Join('\n', lines.Select(l => l.Replace("<", "&lt;", StringComparison.Ordinal)))).Append("\n\n");
        }
    }

    private static string Cell(string line) => line.Replace("|", "\\|", StringComparison.Ordinal).Replace("<", "&lt;", StringComparison.Ordinal);

    private static string Short(string typeName) => typeName[(typeName.LastIndexOf('.') + 1)..];

    private static string Link(string name) => $"[{name}](#{name.ToLowerInvariant()})";
}
