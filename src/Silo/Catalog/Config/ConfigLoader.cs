using System.Security.Cryptography;
using System.Text;
using System.Text.Unicode;
using Quota.Contracts;
using Quota.Silo.Definitions;
using Quota.Silo.Hosting;

namespace Quota.Silo.Catalog.Config;

/// <summary>
/// Reads a configuration file into settings and a catalog, or into everything that is wrong with it. Every bound is checked
/// here, because the models take a violated bound for a bug. Never throws for what a file contains.
/// </summary>
public static class ConfigLoader
{
    /// <summary>Reads and validates the file.</summary>
    /// <param name="path">The file; messages name it like this.</param>
    public static ConfigResult Load(string path) =>
        ConfigFile.TryRead(path, out byte[] bytes, out ConfigError? error)
            ? Parse(bytes, path) with { ContentHash = SHA256.HashData(bytes) }
            : ConfigResult.Invalid([error!]);

    /// <summary>Validates a file's text.</summary>
    public static ConfigResult Parse(string text, string fileName) => Parse(Encoding.UTF8.GetBytes(text), fileName);

    /// <summary>Validates a file's bytes.</summary>
    public static ConfigResult Parse(ReadOnlySpan<byte> bytes, string fileName)
    {
        var errors = new ConfigErrorList(fileName);
        if (Decode(bytes, errors) is not { } text || ConfigComposer.Compose(text, errors) is not { } root)
        {
            return ConfigResult.Invalid(errors.ToList());
        }
        if (FieldReader.Open(root, FieldPath.Root, errors) is not { } fields)
        {
            return ConfigResult.Invalid(errors.ToList());
        }
        SiloSettings settings = fields.Mapping("server") is { } server ? ServerReader.Read(server) : new SiloSettings();
        long revision = fields.Integer("revision", 1, Bounds.FileRevisionMax, 0);
        // Without the section the file manages no definitions. A section that is there and empty removes those it made, so a file that
        // an editor has only begun to write does not.
        List<PendingChange>? definitions = fields.Take("namespaces") is { } node
            ? new NamespacesReader(errors).ReadAll(node, FieldPath.Root.Field("namespaces"))
            : null;
        fields.Finish();
        if (errors.Count == 0 && definitions is not null)
        {
            CheckTogether(definitions, errors);
        }
        return errors.Count > 0
            ? ConfigResult.Invalid(errors.ToList())
            : ConfigResult.Valid(settings, definitions) with { FileName = fileName, Revision = revision };
    }

    /// <summary>What one definition cannot know of the others: parents, and limits that overrides name.</summary>
    private static void CheckTogether(List<PendingChange> definitions, ConfigErrorList errors)
    {
        new ChangeSet(new CatalogWriter(), definitions).Check();
        foreach (PendingChange refused in definitions.Where(d => d.Error is not null))
        {
            errors.Add(refused);
        }
    }

    /// <summary>A file's bytes as text, without a byte order mark; null and an error if it is too long or not UTF-8.</summary>
    internal static string? Decode(ReadOnlySpan<byte> bytes, ConfigErrorList errors)
    {
        if (bytes.Length > Bounds.ConfigBytesMax)
        {
            errors.Add(0, 0, FieldPath.Root, $"has {bytes.Length} bytes: must have at most {SizeText.Format(Bounds.ConfigBytesMax)}");
            return null;
        }
        ReadOnlySpan<byte> content = bytes.StartsWith(Encoding.UTF8.Preamble) ? bytes[Encoding.UTF8.Preamble.Length..] : bytes;
        if (Utf8.IsValid(content))
        {
            return Encoding.UTF8.GetString(content);
        }
        int valid = ValidBytes(content);
        int line = content[..valid].Count((byte)'\n') + 1;
        int lineStart = content[..valid].LastIndexOf((byte)'\n') + 1;
        int column = Encoding.UTF8.GetCharCount(content[lineStart..valid]) + 1;
        errors.Add(line, column, FieldPath.Root, $"not UTF-8: the byte 0x{content[valid]:x2} cannot stand here");
        return null;
    }

    private static int ValidBytes(ReadOnlySpan<byte> content)
    {
        int at = 0;
        while (Rune.DecodeFromUtf8(content[at..], out _, out int consumed) == System.Buffers.OperationStatus.Done)
        {
            at += consumed;
        }
        return at;
    }
}
