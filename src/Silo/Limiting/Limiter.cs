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

    public void Begin(in CheckRequest request, in Instant now, Decision decision)
    {
        decision.Reset(now);
        if (!WithinBounds(request, decision))
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
        PlanModel? plan = FindPlan(owner, request, decision);
        if (plan is null)
        {
            return;
        }
        var command = new GrainCommand
        {
            Namespace = owner,
            Plan = plan,
            IsPlanConfigured = decision.KeyTreatment != KeyTreatment.PlanFromRequest,
            Key = request.Key,
            Attributes = request.Attributes,
            Cost = request.Cost,
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
            return true;
        }
        return false;
    }

    private static void Reject(Decision decision, string field, string rule, long actual) =>
        decision.Reject(DecisionStatus.InvalidArgument, field, $"{rule}, was {actual}");

    private static PlanModel? FindPlan(NamespaceModel owner, in CheckRequest request, Decision decision)
    {
        if (owner.Keys.TryGet(request.Key, out KeyState? key))
        {
            decision.KeyTreatment = KeyTreatment.Known;
            return key.Current.Plan;
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
}
