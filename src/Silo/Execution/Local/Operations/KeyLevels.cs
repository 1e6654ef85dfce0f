using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Model;
using Quota.Silo.Catalog;

namespace Quota.Silo.Execution.Local.Operations;

/// <summary>The levels of a key as the catalog has them now: the key, its parents, the namespace.</summary>
/// <param name="Owner">The namespace.</param>
/// <param name="Keys">By level: the key.</param>
/// <param name="Plans">By level: the plan in force; null if there is none.</param>
internal sealed record KeyLevels(NamespaceModel Owner, IReadOnlyList<byte[]> Keys, IReadOnlyList<PlanModel?> Plans)
{
    /// <summary>Finds the levels. An unknown key is on the plan that is named, or on the namespace's default plan.</summary>
    public static KeyLevels Of(NamespaceModel owner, byte[] key, ReadOnlySpan<byte> planName)
    {
        var keys = new List<byte[]> { key };
        var plans = new List<PlanModel?>();
        KeyState? above = owner.Root;
        if (owner.Keys.TryGet(key, out KeyState? known))
        {
            KeyModel current = known.Current;
            plans.Add(current.Plan);
            above = current.Above;
        }
        else
        {
            plans.Add(!planName.IsEmpty && owner.Plans.TryGet(planName, out PlanModel? named) ? named : owner.DefaultPlan);
        }
        for (; above is not null && keys.Count < Bounds.LevelsMax; above = above.Current.Above)
        {
            keys.Add(above.NameUtf8);
            plans.Add(above.Current.Plan);
        }
        return new KeyLevels(owner, keys, plans);
    }

    /// <summary>The levels a reservation was made on, whatever the key's parents are now.</summary>
    /// <param name="owner">The namespace.</param>
    /// <param name="keyIds">By level: id of the key's own block.</param>
    public static KeyLevels OfIds(NamespaceModel owner, IReadOnlyList<byte[]> keyIds)
    {
        var keys = new List<byte[]>();
        var plans = new List<PlanModel?>();
        foreach (byte[] id in keyIds)
        {
            Invariant.Check(GrainId.TryReadKey(id, out _, out ReadOnlySpan<byte> key));
            plans.Add(key.IsEmpty ? owner.Root?.Current.Plan : owner.Keys.TryGet(key, out KeyState? known) ? known.Current.Plan : owner.DefaultPlan);
            keys.Add(key.ToArray());
        }
        return new KeyLevels(owner, keys, plans);
    }

    /// <summary>The limit of this name on a level, if its plan has one.</summary>
    public LimitModel? Limit(int level, string name) =>
        level < Plans.Count ? Plans[level]?.Limits.FirstOrDefault(l => string.Equals(l.Name, name, StringComparison.Ordinal)) : null;
}
