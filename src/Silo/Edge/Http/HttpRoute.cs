namespace Quota.Silo.Edge.Http;

/// <summary>One HTTP endpoint.</summary>
/// <param name="Method">HTTP method; HEAD is served by GET.</param>
/// <param name="Path">
/// Its path; a segment <c>{name}</c> takes any text that is not empty, percent-decoded, into the request's route values, and
/// <c>{name}:verb</c> only one that ends so.
/// </param>
/// <param name="Handler">Serves a request.</param>
/// <param name="Sheddable">Whether it is refused when the silo is busy; health checks are not.</param>
public sealed record HttpRoute(string Method, string Path, Func<HttpContext, Task> Handler, bool Sheddable = true);
