using Quota.Contracts;
using Quota.Silo.Definitions;

namespace Quota.Silo.Catalog.Config;

/// <summary>Collects the errors of one file, up to a bound, and counts the rest.</summary>
internal sealed class ConfigErrorList(string file)
{
    private readonly List<ConfigError> _errors = [];

    /// <summary>Errors found so far, including those beyond the bound.</summary>
    public int Count { get; private set; }

    public void Add(ConfigNode at, FieldPath field, string message) => Add(at.Line, at.Column, field, message);

    /// <summary>Reports why a definition of the file was refused.</summary>
    public void Add(PendingChange refused)
    {
        FieldPath field = refused.Error!.Field.Length > 0 ? refused.Path!.Text(refused.Error.Field) : refused.Path!;
        Add((int)refused.Line, refused.Column, field, refused.Error.Message);
    }

    public void Add(int line, int column, FieldPath field, string message)
    {
        Count++;
        if (_errors.Count < Bounds.ConfigErrorsMax)
        {
            _errors.Add(new ConfigError(file, line, column, field.ToString(), message));
        }
    }

    /// <summary>The errors in the order of the file.</summary>
    public IReadOnlyList<ConfigError> ToList()
    {
        List<ConfigError> sorted = [.. _errors.OrderBy(e => e.Line).ThenBy(e => e.Column)];
        if (Count > sorted.Count)
        {
            sorted.Add(new ConfigError(file, 0, 0, "", $"{Count - sorted.Count} more errors are not shown"));
        }
        return sorted;
    }
}
