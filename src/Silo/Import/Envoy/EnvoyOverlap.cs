using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Import.Envoy;

/// <summary>
/// Finds where the other service takes the most specific rule only. Among the descriptors of one list it tries the exact value,
/// then the wildcards in their order, then the key alone, and never comes back; here every limit that matches counts. That is
/// the same as long as the more specific rule is the tighter one; otherwise it cannot be translated.
/// </summary>
internal static class EnvoyOverlap
{
    /// <summary>Looks through a list and all lists below it.</summary>
    public static void Check(IReadOnlyList<EnvoyDescriptor> siblings)
    {
        // What can be superseded is few, whatever the number of values is.
        int[] general = [.. Enumerable.Range(0, siblings.Count).Where(i => siblings[i].Value.Length == 0 || siblings[i].IsWildcard)];
        for (int i = 0; i < siblings.Count; i++)
        {
            foreach (int j in general)
            {
                if (i != j && Supersedes(siblings[i], i, siblings[j], j))
                {
                    Compare(siblings[i], siblings[j]);
                }
            }
            Check(siblings[i].Children);
        }
    }

    /// <summary>Whether some value takes <paramref name="first"/> there although <paramref name="second"/> matches it too.</summary>
    private static bool Supersedes(EnvoyDescriptor first, int firstIndex, EnvoyDescriptor second, int secondIndex)
    {
        if (first.Key != second.Key || first.Value.Length == 0)
        {
            return false;
        }
        if (second.Value.Length == 0)
        {
            return true;
        }
        if (!second.IsWildcard)
        {
            return false;
        }
        return first.IsWildcard
            ? firstIndex < secondIndex && (first.Prefix.StartsWith(second.Prefix, StringComparison.Ordinal) || second.Prefix.StartsWith(first.Prefix, StringComparison.Ordinal))
            : first.Value.StartsWith(second.Prefix, StringComparison.Ordinal);
    }

    private static void Compare(EnvoyDescriptor specific, EnvoyDescriptor general)
    {
        FieldPath path = specific.Source.At("value");
        ConfigNode at = specific.Source.Take("value")!;
        string rules = $"there the rules of this value replace those of line {general.Line}";
        if (general.Source.Remarks != specific.Source.Remarks)
        {
            rules = $"there the rules of this value replace those of {general.Source.Remarks.Name}:{general.Line}";
        }
        if (Looser(specific, general) is { } looser)
        {
            specific.Source.Remarks.Error(at, path, $"{rules}; here both count, and the limit of line {looser.Line} would refuse what this value is allowed");
        }
        else if (HasLimit(general))
        {
            specific.Source.Remarks.Note(at, path, $"{rules}; here both count, which refuses nothing more");
        }
    }

    /// <summary>The first limit below <paramref name="general"/> that refuses more than what stands in its place below <paramref name="specific"/>; null if none.</summary>
    private static EnvoyDescriptor? Looser(EnvoyDescriptor? specific, EnvoyDescriptor general)
    {
        if (general.Enforces && !(specific is { Enforces: true } && IsTighter(specific.Limit!, general.Limit!)))
        {
            return general;
        }
        foreach (EnvoyDescriptor child in general.Children)
        {
            EnvoyDescriptor? counterpart = specific?.Children.Find(c => c.Key == child.Key && c.Value == child.Value && c.ShareThreshold == child.ShareThreshold);
            if (Looser(counterpart, child) is { } found)
            {
                return found;
            }
        }
        return null;
    }

    private static bool IsTighter(EnvoyRateLimit specific, EnvoyRateLimit general) => specific.Amount <= general.Amount && specific.Unit >= general.Unit;

    private static bool HasLimit(EnvoyDescriptor descriptor) => descriptor.Limit is { Unlimited: false } || descriptor.Children.Exists(HasLimit);
}
