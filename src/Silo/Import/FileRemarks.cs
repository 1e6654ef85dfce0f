using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Import;

/// <summary>The remarks of one file.</summary>
internal sealed class FileRemarks(ImportRemarks all, string name, int index)
{
    public string Name { get; } = name;

    /// <summary>Errors of the whole import so far.</summary>
    public int Errors => all.Errors;

    public void Note(ConfigNode at, FieldPath path, string message) => all.Add(index, new ImportRemark(Name, at.Line, path.ToString(), message, false));

    public void Error(ConfigNode at, FieldPath path, string message) => all.Add(index, new ImportRemark(Name, at.Line, path.ToString(), message, true));

    /// <summary>Takes over what a reader of the file's text found.</summary>
    public void AddAll(IEnumerable<ConfigError> errors)
    {
        foreach (ConfigError error in errors)
        {
            all.Add(index, new ImportRemark(Name, error.Line, error.Field, error.Message, true));
        }
    }
}
