using Quota.Silo.Edge.Http;
using Quota.Silo.Hosting;

namespace Quota.Silo.Protocols.Health;

/// <summary>Health over HTTP: <c>/livez</c> says that the process runs, <c>/readyz</c> that it should be sent calls.</summary>
public static class HealthRoutes
{
    /// <summary>The routes over <paramref name="state"/>.</summary>
    public static IEnumerable<HttpRoute> Create(ServingState state) =>
    [
        new("GET", "/livez", http => WriteAsync(http, StatusCodes.Status200OK, "alive"), Sheddable: false),
        new("GET", "/readyz", http => WriteAsync(http, state.Status == ServingStatus.Serving ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable, state.Status.ToString().ToLowerInvariant()), Sheddable: false),
    ];

    private static Task WriteAsync(HttpContext http, int code, string status)
    {
        http.Response.StatusCode = code;
        http.Response.ContentType = "application/json";
        http.Response.Headers.CacheControl = "no-store";
        return HttpMethods.IsHead(http.Request.Method) ? Task.CompletedTask : http.Response.WriteAsync($"{{\"status\":\"{status}\"}}\n", http.RequestAborted);
    }
}
