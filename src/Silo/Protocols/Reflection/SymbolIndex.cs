using System.Collections.Frozen;
using Google.Protobuf.Reflection;

namespace Quota.Silo.Protocols.Reflection;

/// <summary>Which file declares a symbol, over a set of files and all they import. Immutable.</summary>
internal sealed class SymbolIndex
{
    private readonly FrozenDictionary<string, FileDescriptor> _byName;
    private readonly FrozenDictionary<string, FileDescriptor> _bySymbol;

    public SymbolIndex(IEnumerable<FileDescriptor> roots)
    {
        Dictionary<string, FileDescriptor> files = new(StringComparer.Ordinal);
        Stack<FileDescriptor> left = new(roots);
        while (left.TryPop(out FileDescriptor? file))
        {
            if (files.TryAdd(file.Name, file))
            {
                foreach (FileDescriptor import in file.Dependencies)
                {
                    left.Push(import);
                }
            }
        }
        _byName = files.ToFrozenDictionary(StringComparer.Ordinal);
        _bySymbol = files.Values.SelectMany(f => Symbols(f).Select(s => KeyValuePair.Create(s, f))).ToFrozenDictionary(StringComparer.Ordinal);
    }

    /// <summary>The file of this name, or null.</summary>
    public FileDescriptor? ByName(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The file that declares a message, enum, service, method, field or enum value, or null.</summary>
    public FileDescriptor? BySymbol(string symbol) => _bySymbol.GetValueOrDefault(symbol);

    private static IEnumerable<string> Symbols(FileDescriptor file) =>
        file.MessageTypes.SelectMany(OfMessage)
            .Concat(file.EnumTypes.SelectMany(OfEnum))
            .Concat(file.Services.SelectMany(s => s.Methods.Select(m => m.FullName).Prepend(s.FullName)));

    private static IEnumerable<string> OfMessage(MessageDescriptor message) =>
        message.NestedTypes.SelectMany(OfMessage)
            .Concat(message.EnumTypes.SelectMany(OfEnum))
            .Concat(message.Fields.InDeclarationOrder().Select(f => f.FullName))
            .Concat(message.Oneofs.Select(o => o.FullName))
            .Prepend(message.FullName);

    private static IEnumerable<string> OfEnum(EnumDescriptor type) => type.Values.Select(v => v.FullName).Prepend(type.FullName);
}
