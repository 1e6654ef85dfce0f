using Google.Protobuf.Collections;
using Quota.Contracts;
using Quota.Contracts.V1;
using Quota.Grains.Model;
using Quota.Silo.Limiting;
using Quota.Silo.Protocols.Native;

namespace Quota.Silo.Protocols.Operations;

/// <summary>
/// What the requests of the operations ask for. The wire has <c>cost</c> for requests and <c>costs</c> for all other units; below
/// there is one map of both. All other bounds are checked below.
/// </summary>
internal static class OperationInputs
{
    public static (SettleInput? Input, RequestError Error) Read(SettleRequest request)
    {
        (Dictionary<string, long>? costs, RequestError error) = Costs(request.Costs, request.HasCost ? request.Cost : null);
        return (costs is null ? null : new SettleInput(request.Namespace, request.Key, request.ReservationId) { Costs = costs }, error);
    }

    public static (ReservationInput? Input, RequestError Error) Read(CancelRequest request) =>
        (new ReservationInput(request.Namespace, request.Key, request.ReservationId), default);

    public static (ExtendInput? Input, RequestError Error) Read(ExtendRequest request) =>
        (new ExtendInput(request.Namespace, request.Key, request.ReservationId) { TtlMs = request.TtlMs, AddCosts = new Dictionary<string, long>(request.AddCosts) }, default);

    public static (RefundInput? Input, RequestError Error) Read(RefundRequest request)
    {
        // Nothing of requests is left out, so that the same refund is the same content however it is written.
        long requests = request.HasCost ? request.Cost : request.Costs.Count > 0 ? 0 : 1;
        (Dictionary<string, long>? costs, RequestError error) = Costs(request.Costs, requests == 0 ? null : requests);
        RefundInput? input = costs is null ? null : new RefundInput(request.Namespace, request.Key)
        {
            Costs = costs,
            Attributes = new Dictionary<string, string>(request.Attributes),
            RequestId = request.RequestId,
            Plan = request.Plan,
            DecidedAtMs = request.DecidedAtUnixMs,
            Reason = request.Reason,
        };
        return (input, error);
    }

    private static (Dictionary<string, long>? Costs, RequestError Error) Costs(MapField<string, long> named, long? requests)
    {
        if (named.ContainsKey(PlanModel.Requests))
        {
            return (null, new RequestError("costs", "must not name requests: they are the field cost"));
        }
        if (named.Count > Bounds.UnitsMax)
        {
            return (null, new RequestError("costs", $"must be at most {Bounds.UnitsMax} units, was {named.Count}"));
        }
        if (requests is < 0 or > Bounds.CostMax)
        {
            return (null, new RequestError("cost", $"must be 0 to {Bounds.CostMax}, was {requests}"));
        }
        Dictionary<string, long> costs = new(named, StringComparer.Ordinal);
        if (requests is { } units)
        {
            costs.Add(PlanModel.Requests, units);
        }
        return (costs, default);
    }
}
