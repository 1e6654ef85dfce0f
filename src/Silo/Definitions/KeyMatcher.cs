using Quota.Contracts.V1;

namespace Quota.Silo.Definitions;

/// <summary>Whether a key fulfils every condition of a filter.</summary>
internal sealed class KeyMatcher(KeyFilter? filter)
{
    private readonly KeyFilter _filter = filter ?? new KeyFilter();

    /// <summary>What the names of the keys begin with.</summary>
    public string Prefix => _filter.NamePrefix;

    /// <summary>Whether every key fulfils it.</summary>
    public bool IsEmpty => _filter is { Plan: "", Parent: "", NamePrefix: "", Labels.Count: 0, Status: Status.Unspecified };

    public bool Matches(Key key) =>
        (_filter.Plan.Length == 0 || key.Plan == _filter.Plan)
        && (_filter.Parent.Length == 0 || key.Parent == _filter.Parent)
        && key.Name.StartsWith(_filter.NamePrefix, StringComparison.Ordinal)
        && (_filter.Status == Status.Unspecified || (key.Status == Status.Disabled) == (_filter.Status == Status.Disabled))
        && _filter.Labels.All(l => key.Labels.TryGetValue(l.Key, out string? value) && value == l.Value);
}
