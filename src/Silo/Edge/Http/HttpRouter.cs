using System.Globalization;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Http.Features;
using Quota.Contracts;

namespace Quota.Silo.Edge.Http;

/// <summary>
/// Serves the registered routes on Kestrel, below ASP.NET's request pipeline: paths and templates of paths, problem documents for everything
/// else, and a bound on the requests in flight.
/// <para>Safety: immutable but for <see cref="LoadShedder"/>, which is thread-safe; everything else belongs to the request.</para>
/// </summary>
internal sealed class HttpRouter : IHttpApplication<HttpContext>
{
    private readonly ILookup<string, HttpRoute> _routes;
    private readonly PathTemplate[] _templates;
    private readonly LoadShedder _shedder;
    private readonly RateLimitedLog _log;

    public HttpRouter(IEnumerable<HttpRoute> routes, LoadShedder shedder, RateLimitedLog log)
    {
        _routes = routes.ToLookup(r => r.Path, StringComparer.Ordinal);
        _templates = [.. _routes.Select(g => new PathTemplate(g.Key)).Where(t => t.IsVariable).OrderByDescending(t => t.Rank)];
        _shedder = shedder;
        _log = log;
    }

    public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

    public void DisposeContext(HttpContext context, Exception? exception)
    {
    }

    public async Task ProcessRequestAsync(HttpContext context)
    {
        string path = context.Request.Path.Value ?? "";
        string method = HttpMethods.IsHead(context.Request.Method) ? HttpMethods.Get : context.Request.Method;
        if (!_routes.Contains(path) && Template(context) is { } template)
        {
            path = template.Path;
        }
        if (!_routes.Contains(path))
        {
            await ProblemDocument.WriteAsync(context, StatusCodes.Status404NotFound, "there is nothing at this path").ConfigureAwait(false);
            return;
        }
        if (_routes[path].FirstOrDefault(r => string.Equals(r.Method, method, StringComparison.Ordinal)) is not { } route)
        {
            context.Response.Headers.Allow = string.Join(", ", _routes[path].Select(r => r.Method));
            await ProblemDocument.WriteAsync(context, StatusCodes.Status405MethodNotAllowed, $"this path takes {context.Response.Headers.Allow}").ConfigureAwait(false);
            return;
        }
        if (route.Sheddable && !_shedder.TryEnterCall())
        {
            context.Response.Headers.RetryAfter = Bounds.ShedRetryAfterSeconds.ToString(CultureInfo.InvariantCulture);
            await ProblemDocument.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, "this silo has all the calls in flight it takes").ConfigureAwait(false);
            return;
        }
        try
        {
            await ServeAsync(context, route).ConfigureAwait(false);
        }
        finally
        {
            if (route.Sheddable)
            {
                _shedder.LeaveCall();
            }
        }
    }

    private PathTemplate? Template(HttpContext context)
    {
        string target = context.Features.Get<IHttpRequestFeature>()!.RawTarget;
        int query = target.IndexOf('?', StringComparison.Ordinal);
        string[] segments = (query < 0 ? target : target[..query]).Split('/');
        if (segments.Length < 2 || segments[0].Length > 0)
        {
            // Not a path from the root.
            return null;
        }
        return Array.Find(_templates, t => t.Matches(segments[1..], null)) is { } template && template.Matches(segments[1..], context.Request.RouteValues) ? template : null;
    }

    private async Task ServeAsync(HttpContext context, HttpRoute route)
    {
        try
        {
            await route.Handler(context).ConfigureAwait(false);
        }
        catch (BadHttpRequestException e)
        {
            await ProblemDocument.WriteAsync(context, e.StatusCode, e.Message).ConfigureAwait(false);
        }
        catch (Exception) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody is left to answer.
        }
        catch (Exception e)
        {
            // A handler's fault ends its request, never its neighbours'.
            _log.Error($"HTTP {route.Path} {e.GetType().Name}", e);
            await ProblemDocument.WriteAsync(context, StatusCodes.Status500InternalServerError, "an internal fault; it is in this silo's log").ConfigureAwait(false);
        }
    }
}
