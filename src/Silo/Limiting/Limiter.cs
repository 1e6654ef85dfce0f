using Quota.Contracts;
using Quota.Grains;
using Quota.Grains.Model;
using Quota.Silo.Catalog;
using Quota.Silo.Execution;
using Quota.Silo.Time;

namespace Quota.Silo.Limiting;

/// <summary>
/// The waist itself: checks bounds, pins one snapshot of the catalog, finds the key's plan, and hands the rest to the executor.
/// Holds no state of its own.
/// </summary>
public sealed class Limiter(CatalogState catalog, IGrainExecutor executor, IClock clock) : ILimiter
{
    public Instant Now() => clock.Now();

    public void Begin(in CheckRequest request, in Instant now, Decision decision) => Begin(request, null, now, decision);

    public void Reserve(in CheckRequest request, in ReservationTerms terms, in Instant now, Decision decision) =>
        Begin(request, terms, now, decision);

    private void Begin(in CheckRequest request, ReservationTerms? hold, in Instant now, Decision decision)
    {
        decision.Reset(now);
        if (!WithinBounds(request, decision) || !WithinBounds(hold, decision))
        {
            return;
        }
        CatalogModel snapshot = catalog.Current;
        if (!snapshot.Namespaces.TryGet(request.Namespace, out NamespaceModel? owner) && !SelfTestNamespace.TryGet(request.Namespace, out owner))
        {
            decision.Reject(DecisionStatus.NotFound, "namespace", "there is no namespace of this name");
            return;
        }
        decision.Namespace = owner;
        PlanModel? plan = FindPlan(owner, request, decision, out KeyState? above);
        if (plan is null)
        {
            return;
        }
        var costs = new CostVector(request.Cost);
        if (request.Named.Count > 0 && !request.Named.TryPlace(plan, ref costs))
        {
            decision.Reject(DecisionStatus.InvalidArgument, "costs", $"the plan meters {string.Join(", ", plan.Units)} only");
            return;
        }
        var command = new GrainCommand(costs)
        {
            Namespace = owner,
            Plan = plan,
            IsPlanConfigured = decision.KeyTreatment != KeyTreatment.PlanFromRequest,
            Key = request.Key,
            Attributes = request.Attributes,
            Above = above,
            Named = request.Named,
            IsPeek = request.IsPeek,
            RequestId = request.RequestId,
            Hold = hold,
            Now = now,
        };
        executor.Begin(command, decision);
    }

    public ValueTask CompleteAsync(Decision decision) =>
        decision.Status == DecisionStatus.Pending || decision.JournalPosition != 0 ? executor.CompleteAsync(decision) : default;

    private static bool WithinBounds(in CheckRequest request, Decision decision)
    {
        if (request.Namespace.Length is 0 or > Bounds.NameBytesMax)
        {
            Reject(decision, "namespace", "must be 1 to 64 bytes", request.Namespace.Length);
        }
        else if (request.Key.Length is 0 or > Bounds.KeyBytesMax)
        {
            Reject(decision, "key", "must be 1 to 256 bytes", request.Key.Length);
        }
        else if (request.Cost is < 0 or > Bounds.CostMax)
        {
            Reject(decision, "cost", "must be 0 to 1000000000000", request.Cost);
        }
        else if (request.Named.Count > Bounds.UnitsMax)
        {
            Reject(decision, "costs", "must be at most 8 units", request.Named.Count);
        }
        else if (request.Attributes.Count > Bounds.AttributesMax)
        {
            Reject(decision, "attributes", "must be at most 32", request.Attributes.Count);
        }
        else if (request.RequestId.Length > Bounds.RequestIdBytesMax)
        {
            Reject(decision, "request_id", "must be at most 128 bytes", request.RequestId.Length);
        }
        else if (request.Plan.Length > Bounds.NameBytesMax)
        {
            Reject(decision, "plan", "must be at most 64 bytes", request.Plan.Length);
        }
        else
        {
            for (int i = 0; i < request.Named.Count; i++)
            {
                if (request.Named.Units(i) is < 0 or > Bounds.CostMax)
                {
                    Reject(decision, "costs", "must be 0 to 1000000000000", request.Named.Units(i));
                    return false;
                }
            }
            return true;
        }
        return false;
    }

    private static bool WithinBounds(ReservationTerms? hold, Decision decision)
    {
        if (hold is { TtlMs: not 0 and (< Bounds.ReservationTtlMsMin or > Bounds.ReservationTtlMsMax) } terms)
        {
            Reject(decision, "ttl_ms", "must be 100 to 86400000, or 0 for 60000", terms.TtlMs);
            return false;
        }
        return true;
    }

    private static void Reject(Decision decision, string field, string rule, long actual) =>
        decision.Reject(DecisionStatus.InvalidArgument, field, $"{rule}, was {actual}");

    private static PlanModel? FindPlan(NamespaceModel owner, in CheckRequest request, Decision decision, out KeyState? above)
    {
        above = owner.Root;
        if (owner.Keys.TryGet(request.Key, out KeyState? key))
        {
            decision.KeyTreatment = KeyTreatment.Known;
            KeyModel known = key.Current;
            above = known.Above;
            return IsDisabled(known, decision) ? null : known.Plan;
        }
        if (!request.Plan.IsEmpty)
        {
            if (owner.Plans.TryGet(request.Plan, out PlanModel? named))
            {
                decision.KeyTreatment = KeyTreatment.PlanFromRequest;
                return named;
            }
            decision.Reject(DecisionStatus.NotFound, "plan", "the namespace has no plan of this name");
            return null;
        }
        if (owner.UnknownKeys == UnknownKeyPolicy.DefaultPlan)
        {
            decision.KeyTreatment = KeyTreatment.DefaultPlan;
            return owner.DefaultPlan;
        }
        decision.DecideUnknownKey(owner.UnknownKeys == UnknownKeyPolicy.Allow);
        return null;
    }

    private static bool IsDisabled(KeyModel key, Decision decision)
    {
        KeyModel? level = key;
        // A bulk change may for a moment show more levels than there ever are at rest; those are not looked at.
        for (int i = 0; i < Bounds.LevelsMax && level is not null; i++)
        {
            if (level.Status != KeyStatus.Active)
            {
                decision.DecideDisabledKey(allowed: level.Status == KeyStatus.DisabledAllow);
                return true;
            }
            level = level.Above?.Current;
        }
        return false;
    }
}
