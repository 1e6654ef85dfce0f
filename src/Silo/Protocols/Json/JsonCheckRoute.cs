using System.Text.Json;
using Quota.Contracts;
using Quota.Grains;
using Quota.Silo.Edge.Http;
using Quota.Silo.Limiting;
using Quota.Silo.Protocols.Native;
using Quota.Silo.Protocols.Operations;

namespace Quota.Silo.Protocols.Json;

/// <summary>
/// <c>POST /v1/check</c>, <c>/v1/reserve</c> and <c>/v1/explain</c>: the JSON twins of the calls that decide, for callers without
/// gRPC. An allowed and a refused check are both 200; the status of the caller's own answer is the caller's business.
/// </summary>
public sealed class JsonCheckRoute
{
    /// <summary>Where checks are served.</summary>
    public const string Path = "/v1/check";

    private readonly ILimiter _limiter;
    private readonly IGrainOperations _operations;

    private JsonCheckRoute(ILimiter limiter, IGrainOperations operations)
    {
        _limiter = limiter;
        _operations = operations;
    }

    private delegate PendingCheck Beginning(JsonBody body, Decision decision);

    /// <summary>The routes over <paramref name="limiter"/> and <paramref name="operations"/>.</summary>
    public static IEnumerable<HttpRoute> Create(ILimiter limiter, IGrainOperations operations)
    {
        JsonCheckRoute routes = new(limiter, operations);
        return
        [
            new HttpRoute("POST", Path, http => routes.DecideAsync(http, routes.BeginCheck, (json, answer) => JsonCheckWriter.Write(json, answer.Decision, answer.Options))),
            new HttpRoute("POST", "/v1/reserve", http => routes.DecideAsync(http, routes.BeginReserve, (json, answer) => JsonOperationWriter.WriteReservation(json, answer.Decision, answer.Options, answer.Decision.Reservation))),
            new HttpRoute("POST", "/v1/explain", routes.ExplainAsync),
        ];
    }

    private async Task DecideAsync(HttpContext http, Beginning begin, Action<Utf8JsonWriter, (Decision Decision, CheckOptions Options)> write)
    {
        using JsonBody? body = await JsonBody.ReadAsync(http).ConfigureAwait(false);
        if (body is null)
        {
            return;
        }
        Decision decision = new();
        PendingCheck pending = begin(body, decision);
        if (pending.Begun)
        {
            await _limiter.CompleteAsync(decision).ConfigureAwait(false);
        }
        if (decision.Status != DecisionStatus.Decided)
        {
            await DecisionErrors.WriteProblemAsync(http, decision.Status, decision.ErrorField, decision.ErrorMessage).ConfigureAwait(false);
            return;
        }
        await JsonBody.WriteAsync(http, (decision, pending.Options), write).ConfigureAwait(false);
    }

    private async Task ExplainAsync(HttpContext http)
    {
        using JsonBody? body = await JsonBody.ReadAsync(http).ConfigureAwait(false);
        if (body is null)
        {
            return;
        }
        Decision decision = new();
        Outcome<Explanation> outcome = await BeginExplain(body, decision, out CheckOptions options).ConfigureAwait(false);
        if (!outcome.IsDone)
        {
            await DecisionErrors.WriteProblemAsync(http, outcome.Status, outcome.ErrorField, outcome.ErrorMessage).ConfigureAwait(false);
            return;
        }
        await JsonBody.WriteAsync(http, (decision, options, outcome.Value!), static (json, answer) => JsonOperationWriter.Write(json, answer.decision, answer.options, answer.Item3)).ConfigureAwait(false);
    }

    private PendingCheck BeginCheck(JsonBody body, Decision decision)
    {
        Span<AttributeRange> ranges = stackalloc AttributeRange[Bounds.AttributesMax];
        Span<NamedCost> costs = stackalloc NamedCost[Bounds.UnitsMax];
        Instant now = _limiter.Now();
        if (JsonCheckReader.TryRead(body.Text, body.Scratch, ranges, costs, out CheckRequest request, out CheckOptions options, out RequestError error))
        {
            _limiter.Begin(request, now, decision);
            return new PendingCheck { Options = options, Begun = true };
        }
        return PendingCheck.Refuse(now, decision, error);
    }

    private PendingCheck BeginReserve(JsonBody body, Decision decision)
    {
        Span<AttributeRange> ranges = stackalloc AttributeRange[Bounds.AttributesMax];
        Span<NamedCost> costs = stackalloc NamedCost[Bounds.UnitsMax];
        Instant now = _limiter.Now();
        if (JsonCheckReader.TryReadReservation(body.Text, body.Scratch, ranges, costs, out CheckRequest request, out ReservationTerms terms, out CheckOptions options, out RequestError error))
        {
            _limiter.Reserve(request, terms, now, decision);
            return new PendingCheck { Options = options, Begun = true };
        }
        return PendingCheck.Refuse(now, decision, error);
    }

    private ValueTask<Outcome<Explanation>> BeginExplain(JsonBody body, Decision decision, out CheckOptions options)
    {
        Span<AttributeRange> ranges = stackalloc AttributeRange[Bounds.AttributesMax];
        Span<NamedCost> costs = stackalloc NamedCost[Bounds.UnitsMax];
        return JsonCheckReader.TryRead(body.Text, body.Scratch, ranges, costs, out CheckRequest request, out options, out RequestError error)
            ? _operations.ExplainAsync(request, decision)
            : new(Outcome<Explanation>.Failed(DecisionStatus.InvalidArgument, error.Field, error.Message));
    }
}
