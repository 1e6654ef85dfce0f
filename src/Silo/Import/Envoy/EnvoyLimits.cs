using System.Diagnostics.CodeAnalysis;
using Quota.Contracts;
using Quota.Contracts.V1;

namespace Quota.Silo.Import.Envoy;

/// <summary>
/// Makes the limits of descriptors. An entry without a value counts each value by itself (<c>match</c> any value, <c>per</c>
/// its key); one with a value is a condition (<c>match</c>); a wildcard is both, unless its values share one threshold.
/// </summary>
internal sealed class EnvoyLimits(bool exact, bool shadow)
{
    private const string AnyValue = "*";
    private readonly ImportNames _names = new();

    /// <summary>Limits with the descriptors they come from.</summary>
    public List<EnvoyLimit> All { get; } = [];

    /// <summary>Adds the limits of a descriptor and of everything below it.</summary>
    /// <param name="root">A descriptor of the first level.</param>
    /// <param name="isKey">The descriptor's value is the check's key, so it is no attribute.</param>
    public void AddAll(EnvoyDescriptor root, bool isKey) => Add(isKey ? [] : [root], root, root);

    private void Add(IReadOnlyList<EnvoyDescriptor> path, EnvoyDescriptor descriptor, EnvoyDescriptor root)
    {
        if (descriptor.Limit is { } source)
        {
            if (source.Unlimited)
            {
                source.Source.Remarks.Note(source.Source.Take("unlimited")!, source.Source.At("unlimited"), "no limit is written: what matches no limit is allowed; it is not listed in answers");
            }
            else if (TryMake(path, descriptor, source, out Limit? limit))
            {
                All.Add(new EnvoyLimit(limit, descriptor, root));
            }
        }
        foreach (EnvoyDescriptor child in descriptor.Children)
        {
            Add([.. path, child], child, root);
        }
    }

    private bool TryMake(IReadOnlyList<EnvoyDescriptor> path, EnvoyDescriptor leaf, EnvoyRateLimit source, [NotNullWhen(true)] out Limit? limit)
    {
        limit = null;
        var made = new Limit { Mode = shadow || leaf.Shadow ? Mode.Shadow : Mode.Enforce };
        foreach (EnvoyDescriptor entry in path)
        {
            if (made.Match.ContainsKey(entry.Key))
            {
                leaf.Source.Remarks.Error(leaf.Source.Node, leaf.Source.Path, $"the key {entry.Key} stands twice in one descriptor; a check has one value of an attribute");
                return false;
            }
            made.Match.Add(entry.Key, new Values { Values_ = { entry.Value.Length == 0 ? AnyValue : entry.Value } });
            if (entry.Value.Length == 0 || (entry.IsWildcard && !entry.ShareThreshold))
            {
                made.Per.Add(entry.Key);
            }
        }
        if (made.Per.Count > Bounds.PerAttributesMax || made.Match.Count > Bounds.MatchConditionsMax)
        {
            leaf.Source.Remarks.Error(leaf.Source.Node, leaf.Source.Path, $"counts per value of {made.Per.Count} of {made.Match.Count} entries: a limit counts per value of at most {Bounds.PerAttributesMax} and has at most {Bounds.MatchConditionsMax} conditions");
            return false;
        }
        made.Name = Name(path, leaf, source);
        EnvoyWindow.Set(made, source, exact);
        limit = made;
        return true;
    }

    private string Name(IReadOnlyList<EnvoyDescriptor> path, EnvoyDescriptor leaf, EnvoyRateLimit source)
    {
        string own = path.Count > 0 ? string.Join(',', path.Select(d => d.Text)) : leaf.Key;
        string wanted = source.Name.Length > 0 ? source.Name : own;
        string name = _names.Unique(wanted);
        if (name != wanted)
        {
            leaf.Source.Remarks.Note(leaf.Source.Node, leaf.Source.Path, $"the limit is named {name}: a name has at most {Bounds.NameBytesMax} bytes and is unique in its plan");
        }
        return name;
    }
}
