using Quota.Contracts;
using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Import;

/// <summary>Reads an imported file into nodes that know their place; whatever is wrong with it is a remark.</summary>
internal static class SourceFile
{
    /// <summary>The YAML documents of a file; none after an error.</summary>
    public static IReadOnlyList<ConfigNode> Yaml(string path, FileRemarks remarks)
    {
        var errors = new ConfigErrorList(path);
        IReadOnlyList<ConfigNode> roots = Text(path, remarks, errors) is { } text ? ConfigComposer.ComposeAll(text, errors, Bounds.ImportDocumentsMax) : [];
        remarks.AddAll(errors.ToList());
        return errors.Count > 0 ? [] : roots;
    }

    /// <summary>The JSON document of a file, or null after an error.</summary>
    public static ConfigNode? Json(string path, FileRemarks remarks)
    {
        var errors = new ConfigErrorList(path);
        ConfigNode? root = Text(path, remarks, errors) is { } text ? JsonComposer.Compose(text, errors) : null;
        remarks.AddAll(errors.ToList());
        return root;
    }

    private static string? Text(string path, FileRemarks remarks, ConfigErrorList errors)
    {
        if (ConfigFile.TryRead(path, out byte[] bytes, out ConfigError? error))
        {
            return ConfigLoader.Decode(bytes, errors);
        }
        remarks.AddAll([error!]);
        return null;
    }
}
