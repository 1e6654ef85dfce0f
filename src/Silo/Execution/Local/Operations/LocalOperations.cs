using System.Text;
using Quota.Grains;
using Quota.Silo.Catalog;
using Quota.Silo.Limiting;
using Quota.Silo.Time;

namespace Quota.Silo.Execution.Local.Operations;

/// <summary>
/// <see cref="IGrainOperations"/> over the local executor: checks the input, runs the transaction, waits until it is as safe as the
/// namespace asks. Safe for concurrent use: it has no state of its own.
/// </summary>
internal sealed class LocalOperations(CatalogState catalog, IClock clock, ILimiter limiter, LocalExecutor executor, KeyTable table) : IGrainOperations
{
    private readonly ReservationOperations _reservations = new(executor.Transactions, executor.Expiries, executor.Events);
    private readonly RefundOperation _refunds = new(executor.Transactions, table);
    private readonly Explainer _explainer = new(executor.Transactions);

    /// <summary>For the sweep of expired reservations.</summary>
    public ReservationOperations Reservations => _reservations;

    public ValueTask<Outcome<Settlement>> SettleAsync(SettleInput input)
    {
        StepFault? fault = TryOpen(input, out NamespaceModel? owner, out byte[] key, out UInt128 id) ?? OperationInput.CheckCosts("costs", input.Costs);
        return fault is { } bad
            ? Refuse<Settlement>(bad)
            : CompleteAsync(_reservations.Settle(owner!, key, id, input.Costs, clock.Now()), owner!);
    }

    public ValueTask<Outcome<Cancellation>> CancelAsync(ReservationInput input)
    {
        StepFault? fault = TryOpen(input, out NamespaceModel? owner, out byte[] key, out UInt128 id);
        return fault is { } bad
            ? Refuse<Cancellation>(bad)
            : CompleteAsync(_reservations.Cancel(owner!, key, id, clock.Now()), owner!);
    }

    public ValueTask<Outcome<Extension>> ExtendAsync(ExtendInput input)
    {
        StepFault? fault = TryOpen(input, out NamespaceModel? owner, out byte[] key, out UInt128 id)
            ?? OperationInput.CheckTtl(input.TtlMs)
            ?? OperationInput.CheckCosts("add_costs", input.AddCosts);
        return fault is { } bad
            ? Refuse<Extension>(bad)
            : CompleteAsync(_reservations.Extend(owner!, key, id, RequestMemory.TtlMs(new ReservationTerms(input.TtlMs, null)), input.AddCosts, clock.Now()), owner!);
    }

    public ValueTask<Outcome<Refunded>> RefundAsync(RefundInput input)
    {
        Instant now = clock.Now();
        StepFault? fault = TryFind(input.Namespace, input.Key, out NamespaceModel? owner) ?? OperationInput.CheckRefund(input, now.WallMs);
        return fault is { } bad
            ? Refuse<Refunded>(bad)
            : CompleteAsync(_refunds.Refund(owner!, Encoding.UTF8.GetBytes(input.Key), input, now), owner!);
    }

    public ValueTask<Outcome<Explanation>> ExplainAsync(in CheckRequest request, Decision decision) => new(Explain(request, decision));

    private Outcome<Explanation> Explain(in CheckRequest request, Decision decision)
    {
        Instant now = clock.Now();
        var peek = new CheckRequest
        {
            Namespace = request.Namespace,
            Key = request.Key,
            Cost = request.Cost,
            Named = request.Named,
            IsPeek = true,
            Attributes = request.Attributes,
            Plan = request.Plan,
        };
        limiter.Begin(peek, now, decision);
        if (decision.Status != DecisionStatus.Decided)
        {
            return Outcome<Explanation>.Failed(decision.Status, decision.ErrorField, decision.ErrorMessage ?? "");
        }
        if (decision.Plan is null)
        {
            return Outcome<Explanation>.Done(new Explanation([]));
        }
        var units = new HashSet<string>(StringComparer.Ordinal) { Grains.Model.PlanModel.Requests };
        for (int i = 0; i < request.Named.Count; i++)
        {
            units.Add(Encoding.UTF8.GetString(request.Named.Name(i)));
        }
        KeyLevels levels = KeyLevels.Of(decision.Namespace!, request.Key.ToArray(), request.Plan);
        StepResult<Explanation> explained = _explainer.Explain(levels, request.Attributes, units, now);
        return explained.Fault is { } fault
            ? Outcome<Explanation>.Failed(fault.Status, fault.Field, fault.Message)
            : Outcome<Explanation>.Done(explained.Value);
    }

    private async ValueTask<Outcome<TValue>> CompleteAsync<TValue>(StepResult<Outcome<TValue>> step, NamespaceModel owner)
        where TValue : class
    {
        if (step.Fault is { } fault)
        {
            return Outcome<TValue>.Failed(fault.Status, fault.Field, fault.Message);
        }
        // A repeat writes nothing, and must not overtake the first answer on its way to the disk.
        long position = step.Position != 0 ? step.Position : step.Value.IsDone ? executor.Transactions.Appended : 0;
        return await executor.Transactions.WaitKeptAsync(position, owner.Sync).ConfigureAwait(false)
            ? step.Value
            : Outcome<TValue>.Failed(DecisionStatus.Unavailable, null, "it could not be kept: the journal failed");
    }

    private StepFault? TryOpen(ReservationInput input, out NamespaceModel? owner, out byte[] key, out UInt128 id)
    {
        id = default;
        key = [];
        StepFault? fault = TryFind(input.Namespace, input.Key, out owner) ?? OperationInput.CheckReservationId(input.ReservationId, out id);
        key = fault is null ? Encoding.UTF8.GetBytes(input.Key) : key;
        return fault;
    }

    private StepFault? TryFind(string name, string key, out NamespaceModel? owner)
    {
        owner = null;
        return OperationInput.CheckNames(name, key)
            ?? (catalog.Current.Namespaces.TryGet(Encoding.UTF8.GetBytes(name), out owner)
                ? null
                : new StepFault(DecisionStatus.NotFound, "namespace", "there is no namespace of this name"));
    }

    private static ValueTask<Outcome<TValue>> Refuse<TValue>(StepFault fault)
        where TValue : class =>
        new(Outcome<TValue>.Failed(fault.Status, fault.Field, fault.Message));
}
