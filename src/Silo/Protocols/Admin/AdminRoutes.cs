using Google.Protobuf;
using Quota.Contracts.V1;
using Quota.Silo.Catalog.Config;
using Quota.Silo.Definitions;
using Quota.Silo.Edge.Http;

namespace Quota.Silo.Protocols.Admin;

/// <summary>The JSON twin of <see cref="AdminService"/> under <c>/v1</c>.</summary>
internal sealed class AdminRoutes
{
    private const string Namespaces = "/v1/namespaces";
    private const string OneNamespace = Namespaces + "/{namespace}";
    private const string Plans = OneNamespace + "/plans";
    private const string Keys = OneNamespace + "/keys";

    private readonly DefinitionService _definitions;

    private AdminRoutes(DefinitionService definitions) => _definitions = definitions;

    /// <summary>The routes over <paramref name="definitions"/>.</summary>
    public static IEnumerable<HttpRoute> Create(DefinitionService definitions)
    {
        var routes = new AdminRoutes(definitions);
        var bulk = new AdminBulkRoutes(definitions);
        return
        [
            new("GET", Namespaces, http => routes.ListAsync(http, DefinitionKind.Namespace)),
            new("POST", Namespaces, http => routes.CreateAsync(http, DefinitionKind.Namespace)),
            new("GET", OneNamespace, http => routes.GetAsync(http, NamespaceOf(http))),
            new("PUT", OneNamespace, http => routes.ReplaceAsync(http, NamespaceOf(http))),
            new("DELETE", OneNamespace, http => routes.DeleteAsync(http, NamespaceOf(http))),
            new("GET", Plans, http => routes.ListAsync(http, DefinitionKind.Plan)),
            new("POST", Plans, http => routes.CreateAsync(http, DefinitionKind.Plan)),
            new("GET", Plans + "/{plan}", http => routes.GetAsync(http, PlanOf(http))),
            new("PUT", Plans + "/{plan}", http => routes.ReplaceAsync(http, PlanOf(http))),
            new("DELETE", Plans + "/{plan}", http => routes.DeleteAsync(http, PlanOf(http))),
            new("GET", Keys, http => routes.ListAsync(http, DefinitionKind.Key)),
            new("POST", Keys, http => routes.CreateAsync(http, DefinitionKind.Key)),
            new("GET", Keys + "/{key}", http => routes.GetAsync(http, KeyOf(http))),
            new("PUT", Keys + "/{key}", http => routes.ReplaceAsync(http, KeyOf(http))),
            new("DELETE", Keys + "/{key}", http => routes.DeleteAsync(http, KeyOf(http))),
            new("POST", Keys + "/{key}:erase", http => routes.EraseAsync(http, KeyOf(http))),
            .. bulk.Routes,
        ];
    }

    private static string Value(HttpContext http, string name) => (string?)http.Request.RouteValues[name] ?? "";

    private static DefinitionId NamespaceOf(HttpContext http) => DefinitionId.OfNamespace(Value(http, "namespace"));

    private static DefinitionId PlanOf(HttpContext http) => DefinitionId.OfPlan(Value(http, "namespace"), Value(http, "plan"));

    private static DefinitionId KeyOf(HttpContext http) => DefinitionId.OfKey(Value(http, "namespace"), Value(http, "key"));

    private async Task ListAsync(HttpContext http, DefinitionKind kind)
    {
        var query = new AdminQuery(http);
        int size = query.PageSize();
        string token = query.Text("page_token");
        KeyFilter? filter = kind == DefinitionKind.Key ? query.Filter() : null;
        if (!await query.IsRightAsync().ConfigureAwait(false))
        {
            return;
        }
        DefinitionPage<Definition> page = await _definitions.Reader.ListAsync(kind, Value(http, "namespace"), size, token, filter, http.RequestAborted).ConfigureAwait(false);
        IMessage? message = kind switch
        {
            _ when page.Error is not null => null,
            DefinitionKind.Namespace => AdminPages.Namespaces(page),
            DefinitionKind.Plan => AdminPages.Plans(page),
            _ => AdminPages.Keys(page),
        };
        await (message is null ? AdminErrors.WriteAsync(http, page.Error!) : AdminJson.WriteAsync(http, message)).ConfigureAwait(false);
    }

    private async Task GetAsync(HttpContext http, DefinitionId id)
    {
        DefinitionResult result = await _definitions.GetAsync(id, http.RequestAborted).ConfigureAwait(false);
        await AnswerAsync(http, result, StatusCodes.Status200OK).ConfigureAwait(false);
    }

    private async Task CreateAsync(HttpContext http, DefinitionKind kind)
    {
        if (await ReadAsync(http, kind).ConfigureAwait(false) is not { } definition || await ActorAsync(http).ConfigureAwait(false) is not { } actor)
        {
            return;
        }
        DefinitionId named = DefinitionId.Of(definition)!.Value;
        if (kind != DefinitionKind.Namespace && await NameAsync(http, definition, named with { Namespace = Value(http, "namespace") }).ConfigureAwait(false))
        {
            return;
        }
        DefinitionResult result = await _definitions.CreateAsync(definition, actor, http.RequestAborted).ConfigureAwait(false);
        await AnswerAsync(http, result, StatusCodes.Status201Created).ConfigureAwait(false);
    }

    private async Task ReplaceAsync(HttpContext http, DefinitionId id)
    {
        if (await ReadAsync(http, id.Kind).ConfigureAwait(false) is not { } definition || await ActorAsync(http).ConfigureAwait(false) is not { } actor
            || await NameAsync(http, definition, id).ConfigureAwait(false))
        {
            return;
        }
        string etag = IfMatch(http) is { Length: > 0 } header ? header : definition.Namespace?.Etag ?? definition.Plan?.Etag ?? definition.Key?.Etag ?? "";
        DefinitionResult result = await _definitions.ReplaceAsync(definition, etag, actor, http.RequestAborted).ConfigureAwait(false);
        await AnswerAsync(http, result, StatusCodes.Status200OK).ConfigureAwait(false);
    }

    private async Task DeleteAsync(HttpContext http, DefinitionId id)
    {
        if (await ActorAsync(http).ConfigureAwait(false) is not { } actor)
        {
            return;
        }
        DefinitionResult result = await _definitions.DeleteAsync(id, IfMatch(http), actor, http.RequestAborted).ConfigureAwait(false);
        await (result.Error is { } error ? AdminErrors.WriteAsync(http, error) : AdminJson.WriteAsync(http, new DeleteResponse())).ConfigureAwait(false);
    }

    private async Task EraseAsync(HttpContext http, DefinitionId id)
    {
        if (await ActorAsync(http).ConfigureAwait(false) is not { } actor)
        {
            return;
        }
        (string? pseudonym, DefinitionError? error) = await _definitions.EraseAsync(id, actor, http.RequestAborted).ConfigureAwait(false);
        await (error is null ? AdminJson.WriteAsync(http, new EraseKeyResponse { Pseudonym = pseudonym, Remains = { _definitions.RemainsOfErased } }) : AdminErrors.WriteAsync(http, error)).ConfigureAwait(false);
    }

    private static async ValueTask<Definition?> ReadAsync(HttpContext http, DefinitionKind kind) => kind switch
    {
        DefinitionKind.Namespace => await AdminJson.ReadBodyAsync<Namespace>(http).ConfigureAwait(false) is { } owner ? new Definition { Namespace = owner } : null,
        DefinitionKind.Plan => await AdminJson.ReadBodyAsync<Plan>(http).ConfigureAwait(false) is { } plan ? new Definition { Plan = plan } : null,
        _ => await AdminJson.ReadBodyAsync<Key>(http).ConfigureAwait(false) is { } key ? new Definition { Key = key } : null,
    };

    /// <summary>Sets the names that the path says. True if the body says others, and the request has been answered.</summary>
    private static async ValueTask<bool> NameAsync(HttpContext http, Definition definition, DefinitionId id)
    {
        DefinitionId named = DefinitionId.Of(definition)!.Value;
        string? field = named.Namespace.Length > 0 && named.Namespace != id.Namespace ? (id.Kind == DefinitionKind.Namespace ? "name" : "namespace")
            : named.Name.Length > 0 && named.Name != id.Name ? "name" : null;
        if (field is not null)
        {
            string said = field == "name" && id.Kind != DefinitionKind.Namespace ? named.Name : named.Namespace;
            await AdminErrors.WriteAsync(http, new DefinitionError(DefinitionErrorCode.Invalid, field, $"{Quoted.Text(said)} is not what the path says")).ConfigureAwait(false);
            return true;
        }
        switch (id.Kind)
        {
            case DefinitionKind.Namespace:
                definition.Namespace.Name = id.Namespace;
                break;
            case DefinitionKind.Plan:
                (definition.Plan.Namespace, definition.Plan.Name) = (id.Namespace, id.Name);
                break;
            default:
                (definition.Key.Namespace, definition.Key.Name) = (id.Namespace, id.Name);
                break;
        }
        return false;
    }

    private static string IfMatch(HttpContext http)
    {
        string header = http.Request.Headers.IfMatch.ToString().Trim();
        return header == "*" ? "" : header.Trim('"');
    }

    private static async ValueTask<string?> ActorAsync(HttpContext http)
    {
        if (AdminErrors.Actor(http.Request.Headers[AdminErrors.ActorHeader], http.Connection.RemoteIpAddress?.ToString(), out string actor) is not { } error)
        {
            return actor;
        }
        await AdminErrors.WriteAsync(http, error).ConfigureAwait(false);
        return null;
    }

    private static Task AnswerAsync(HttpContext http, DefinitionResult result, int status)
    {
        if (result.Error is { } error)
        {
            return AdminErrors.WriteAsync(http, error);
        }
        IMessage message = DefinitionContent.Object(result.Value!);
        string etag = message switch { Namespace owner => owner.Etag, Plan plan => plan.Etag, _ => ((Key)message).Etag };
        http.Response.Headers.ETag = $"\"{etag}\"";
        return AdminJson.WriteAsync(http, message, status);
    }
}
