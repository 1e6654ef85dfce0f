using Google.Protobuf;
using Quota.Contracts.V1;
using Quota.Silo.Edge.Grpc;
using Quota.Silo.Edge.Http;
using Quota.Silo.Protocols.Admin;

namespace Quota.Silo.Protocols.Cluster;

/// <summary>The JSON twin of <see cref="ClusterService"/>.</summary>
internal static class ClusterRoutes
{
    public const string Path = "/v1/cluster";

    /// <summary>The routes over <paramref name="service"/>.</summary>
    public static IReadOnlyList<HttpRoute> Create(ClusterService service) => [new HttpRoute("GET", Path, http => GetAsync(http, service))];

    private static async Task GetAsync(HttpContext http, ClusterService service)
    {
        var query = new AdminQuery(http);
        var request = new GetClusterStatusRequest { Leases = query.Flag("leases"), LeasesMax = (int)Math.Min(query.Number("leases_max"), int.MaxValue) };
        if (!await query.IsRightAsync().ConfigureAwait(false))
        {
            return;
        }
        (IMessage? response, GrpcStatus status) = await service.GetAsync(request, http.RequestAborted).ConfigureAwait(false);
        if (response is not null)
        {
            await AdminJson.WriteAsync(http, response).ConfigureAwait(false);
        }
        else if (status.Code == GrpcStatusCode.InvalidArgument)
        {
            const string Field = "leases_max";
            await ProblemDocument.WriteAsync(http, StatusCodes.Status400BadRequest, status.Message![(Field.Length + 2)..], Field).ConfigureAwait(false);
        }
        else
        {
            await ProblemDocument.WriteAsync(http, StatusCodes.Status503ServiceUnavailable, status.Message!).ConfigureAwait(false);
        }
    }
}
