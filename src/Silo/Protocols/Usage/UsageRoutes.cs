using Google.Protobuf;
using Quota.Contracts.V1;
using Quota.Silo.Catalog.Config;
using Quota.Silo.Edge.Grpc;
using Quota.Silo.Edge.Http;
using Quota.Silo.Protocols.Admin;

namespace Quota.Silo.Protocols.Usage;

/// <summary>The JSON twin of <see cref="UsageService"/> under <c>/v1/namespaces/{namespace}</c>.</summary>
public sealed class UsageRoutes
{
    private const string OneNamespace = "/v1/namespaces/{namespace}";

    private readonly UsageService _usage;

    private UsageRoutes(UsageService usage) => _usage = usage;

    /// <summary>The routes over <paramref name="usage"/>.</summary>
    public static IReadOnlyList<HttpRoute> Create(UsageService usage)
    {
        var routes = new UsageRoutes(usage);
        return
        [
            new HttpRoute("GET", OneNamespace + "/usage", routes.ListAsync),
            new HttpRoute("GET", OneNamespace + "/usage:export", routes.ExportAsync),
            new HttpRoute("GET", OneNamespace + "/months", routes.MonthsAsync),
            new HttpRoute("GET", OneNamespace + "/keys/{key}/usage", routes.GetAsync),
            new HttpRoute("POST", OneNamespace + "/keys/{key}/adjustments", routes.AdjustAsync),
        ];
    }

    private async Task GetAsync(HttpContext http)
    {
        var query = new AdminQuery(http);
        var request = new GetUsageRequest
        {
            Namespace = Value(http, "namespace"),
            Key = Value(http, "key"),
            Month = query.Text("month"),
            FromDay = query.Text("from_day"),
            ToDay = query.Text("to_day"),
            Daily = query.Flag("daily"),
        };
        if (await query.IsRightAsync().ConfigureAwait(false))
        {
            await AnswerAsync(http, await _usage.GetAsync(request, http.RequestAborted).ConfigureAwait(false)).ConfigureAwait(false);
        }
    }

    private async Task ListAsync(HttpContext http)
    {
        var query = new AdminQuery(http);
        ListUsageRequest request = ReadList(http, query);
        request.PageSize = query.PageSize();
        request.PageToken = query.Text("page_token");
        if (await query.IsRightAsync().ConfigureAwait(false))
        {
            await AnswerAsync(http, await _usage.ListAsync(request, http.RequestAborted).ConfigureAwait(false)).ConfigureAwait(false);
        }
    }

    private async Task ExportAsync(HttpContext http)
    {
        var query = new AdminQuery(http);
        ListUsageRequest request = ReadList(http, query);
        request.AfterKey = query.Text("after_key");
        if (!await query.IsRightAsync().ConfigureAwait(false))
        {
            return;
        }
        var sink = new JsonLinesRowSink(http);
        GrpcStatus status = await _usage.StreamAsync(request, sink, CancellationToken.None, http.RequestAborted).ConfigureAwait(false);
        if (!status.IsOk && !http.Response.HasStarted)
        {
            await RefuseAsync(http, status).ConfigureAwait(false);
        }
        else if (!status.IsOk)
        {
            // What was sent looks whole up to here; only a broken body tells the caller that it is not.
            http.Abort();
        }
    }

    private async Task MonthsAsync(HttpContext http)
    {
        var query = new AdminQuery(http);
        if (await query.IsRightAsync().ConfigureAwait(false))
        {
            await AnswerAsync(http, await _usage.ListMonthsAsync(new ListMonthsRequest { Namespace = Value(http, "namespace") }, http.RequestAborted).ConfigureAwait(false)).ConfigureAwait(false);
        }
    }

    private async Task AdjustAsync(HttpContext http)
    {
        if (await AdminJson.ReadBodyAsync<AdjustRequest>(http).ConfigureAwait(false) is not { } request)
        {
            return;
        }
        (string owner, string key) = (Value(http, "namespace"), Value(http, "key"));
        if ((request.Namespace.Length > 0 && request.Namespace != owner) || (request.Key.Length > 0 && request.Key != key))
        {
            string field = request.Key.Length > 0 && request.Key != key ? "key" : "namespace";
            await ProblemDocument.WriteAsync(http, StatusCodes.Status400BadRequest, $"{Quoted.Text(field == "key" ? request.Key : request.Namespace)} is not what the path says", field).ConfigureAwait(false);
            return;
        }
        (request.Namespace, request.Key) = (owner, key);
        await AnswerAsync(http, await _usage.AdjustAsync(request, http.RequestAborted).ConfigureAwait(false)).ConfigureAwait(false);
    }

    private static ListUsageRequest ReadList(HttpContext http, AdminQuery query)
    {
        var request = new ListUsageRequest { Namespace = Value(http, "namespace"), Month = query.Text("month"), Daily = query.Flag("daily") };
        foreach ((string name, string value) in query.Labels())
        {
            request.Labels[name] = value;
        }
        return request;
    }

    private static string Value(HttpContext http, string name) => (string?)http.Request.RouteValues[name] ?? "";

    private static Task AnswerAsync(HttpContext http, (IMessage? Response, GrpcStatus Status) answer) =>
        answer.Response is { } response ? AdminJson.WriteAsync(http, response) : RefuseAsync(http, answer.Status);

    /// <summary>Tells a status as a problem document: the field is what its message begins with.</summary>
    private static Task RefuseAsync(HttpContext http, GrpcStatus status)
    {
        string message = status.Message ?? "";
        int colon = status.Code is GrpcStatusCode.InvalidArgument or GrpcStatusCode.NotFound or GrpcStatusCode.FailedPrecondition ? message.IndexOf(": ", StringComparison.Ordinal) : -1;
        int code = status.Code switch
        {
            GrpcStatusCode.InvalidArgument => StatusCodes.Status400BadRequest,
            GrpcStatusCode.NotFound => StatusCodes.Status404NotFound,
            GrpcStatusCode.FailedPrecondition => StatusCodes.Status409Conflict,
            _ => StatusCodes.Status503ServiceUnavailable,
        };
        return ProblemDocument.WriteAsync(http, code, colon < 0 ? message : message[(colon + 2)..], colon < 0 ? null : message[..colon]);
    }
}
