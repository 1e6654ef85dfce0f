using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Import.Envoy;

/// <summary>
/// Translates configuration files of envoyproxy/ratelimit (its README, "Configuration"; the windows and the order of matching are
/// those of its <c>utilities.go</c> and <c>config_impl.go</c>).
/// </summary>
internal static class EnvoyImport
{
    /// <summary>Reads the files, each with one or more documents. Never throws for what a file contains.</summary>
    public static ImportResult Run(IReadOnlyList<string> files, EnvoyImportOptions options)
    {
        var remarks = new ImportRemarks();
        var reader = new EnvoyReader();
        foreach (string file in files)
        {
            FileRemarks ofFile = remarks.ForFile(file);
            foreach (ConfigNode root in SourceFile.Yaml(file, ofFile))
            {
                reader.Read(root, ofFile);
            }
        }
        var translator = new EnvoyTranslator(options);
        foreach (EnvoyDomain domain in reader.Domains)
        {
            translator.Add(domain);
        }
        return new ImportResult([.. translator.Definitions], remarks.ToList(), remarks.Errors);
    }
}
