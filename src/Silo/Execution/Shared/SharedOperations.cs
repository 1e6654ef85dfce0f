using System.Text;
using Quota.Silo.Catalog;
using Quota.Silo.Execution.Local;
using Quota.Silo.Execution.Local.Operations;
using Quota.Silo.Limiting;

namespace Quota.Silo.Execution.Shared;

/// <summary>
/// <see cref="IGrainOperations"/> over the shared store: the local executor's operations, each as a step that is run on copies of the
/// key's blocks and kept by a commit. Safe for concurrent use: it has no state of its own.
/// </summary>
internal sealed class SharedOperations(StepRunner steps, CatalogState catalog) : IGrainOperations
{
    public ValueTask<Outcome<Settlement>> SettleAsync(SettleInput input) =>
        RunAsync(input.Namespace, input.Key, operations => operations.SettleAsync(input));

    public ValueTask<Outcome<Cancellation>> CancelAsync(ReservationInput input) =>
        RunAsync(input.Namespace, input.Key, operations => operations.CancelAsync(input));

    public ValueTask<Outcome<Extension>> ExtendAsync(ExtendInput input) =>
        RunAsync(input.Namespace, input.Key, operations => operations.ExtendAsync(input));

    public ValueTask<Outcome<Refunded>> RefundAsync(RefundInput input) =>
        RunAsync(input.Namespace, input.Key, operations => operations.RefundAsync(input));

    public ValueTask<Outcome<Explanation>> ExplainAsync(in CheckRequest request, Decision decision)
    {
        byte[] owner = request.Namespace.ToArray();
        byte[] key = request.Key.ToArray();
        byte[] plan = request.Plan.ToArray();
        long cost = request.Cost;
        var text = new CopiedText(request.Attributes, request.Named);
        return RunAsync(Encoding.UTF8.GetString(owner), Encoding.UTF8.GetString(key), operations => operations.ExplainAsync(
            new CheckRequest { Namespace = owner, Key = key, Cost = cost, Named = text.Named, Attributes = text.Attributes, Plan = plan },
            decision));
    }

    private async ValueTask<Outcome<TValue>> RunAsync<TValue>(string owner, string key, Func<IGrainOperations, ValueTask<Outcome<TValue>>> operation)
        where TValue : class
    {
        if (OperationInput.CheckNames(owner, key) is { } bad)
        {
            return Outcome<TValue>.Failed(bad.Status, bad.Field, bad.Message);
        }
        if (!catalog.Current.Namespaces.TryGet(Encoding.UTF8.GetBytes(owner), out NamespaceModel? space))
        {
            return Outcome<TValue>.Failed(DecisionStatus.NotFound, "namespace", "there is no namespace of this name");
        }
        KeyLevels levels = KeyLevels.Of(space, Encoding.UTF8.GetBytes(key), default);
        return await steps.RunAsync(
            levels.Keys.Select(k => UsageMover.KeyId(space, k)),
            bench => Workbench.Now(operation(bench.Operations)),
            fault => Outcome<TValue>.Failed(fault.Status, fault.Field, fault.Message)).ConfigureAwait(false);
    }
}
