using Quota.Grains;
using Quota.Silo.Limiting;

namespace Quota.Silo.Execution.Local;

/// <summary>
/// The fingerprint of what a request asks, which tells a repeat from another request with the same id. Persisted: APPEND-ONLY.
/// Costs and attributes are maps on the wire and may come in another order, so each entry is hashed by itself and the hashes added.
/// </summary>
internal static class RequestFingerprint
{
    /// <summary>Of a check or reservation.</summary>
    public static ulong Of(in GrainCommand command)
    {
        ulong hash = Fnv1a.Hash(command.Hold is null ? "check"u8 : "reserve"u8);
        hash = Fnv1a.Hash(command.Costs[0], hash);
        hash = Fnv1a.Hash((long)(Costs(command.Named) + Attributes(command.Attributes)), hash);
        if (!command.IsPlanConfigured)
        {
            hash = Fnv1a.Hash(System.Text.Encoding.UTF8.GetBytes(command.Plan.Name), hash);
        }
        return command.Hold is { } hold ? Fnv1a.Hash(hold.TtlMs, Fnv1a.Hash(hold.SettlesWhenExpired is bool settles ? settles ? 1 : 2 : 0, hash)) : hash;
    }

    /// <summary>Of named costs, whatever their order.</summary>
    public static ulong Costs(in NamedCosts costs)
    {
        ulong sum = 0;
        for (int i = 0; i < costs.Count; i++)
        {
            sum += Fnv1a.Hash(costs.Units(i), Fnv1a.Hash(costs.Name(i)));
        }
        return sum;
    }

    /// <summary>Of attributes, whatever their order.</summary>
    public static ulong Attributes(in AttributeSet attributes)
    {
        ulong sum = 0;
        for (int i = 0; i < attributes.Count; i++)
        {
            sum += Fnv1a.Hash(attributes.Value(i), Fnv1a.Hash(attributes.Name(i).Length, Fnv1a.Hash(attributes.Name(i))));
        }
        return sum;
    }
}
