using System.Net;
using Quota.Silo.Tests.Support;

namespace Quota.Silo.Tests.Definitions;

/// <summary>Leases of a namespace through the API: whichever of two definitions comes later is the one that is refused.</summary>
public sealed class LeaseDefinitionTests
{
    private const string Yaml = "namespaces: { shop: { leases: off } }";

    [Fact]
    public async Task A_lease_and_a_shorter_limit_refuse_each_other()
    {
        await using AdminFixture silo = await AdminFixture.StartAsync(Yaml);
        Assert.Equal("LEASE_MODE_OFF", (await silo.Admin.DoAsync("GET", "/v1/namespaces/shop")).GetProperty("leases").GetProperty("mode").GetString());
        await silo.Admin.DoAsync("POST", "/v1/namespaces", """{"name":"api","leases":{"duration":"2s"}}""");
        const string Plan = """{"name":"p","limits":[{"name":"a","rate":{"amount":"1","period":"PERIOD"}}]}""";
        Assert.Equal(
            (HttpStatusCode.BadRequest, "limits[0].rate", "the period, 1s, is shorter than a lease of the namespace (2s, leases.duration)"),
            await silo.Admin.RefusedAsync("POST", "/v1/namespaces/api/plans", Plan.Replace("PERIOD", "1s", StringComparison.Ordinal)));
        await silo.Admin.DoAsync("POST", "/v1/namespaces/api/plans", Plan.Replace("PERIOD", "3s", StringComparison.Ordinal));
        (HttpStatusCode Status, string Field, string Detail) refused = await silo.Admin.RefusedAsync("PUT", "/v1/namespaces/api", """{"leases":{"duration":"4s"}}""");
        Assert.Equal((HttpStatusCode.BadRequest, "leases.duration"), (refused.Status, refused.Field));
        const string Key = """{"name":"k","plan":"p","overrides":[{"name":"a","rate":{"amount":"1","period":"PERIOD"}}]}""";
        Assert.Equal("overrides[0].rate", (await silo.Admin.RefusedAsync("POST", "/v1/namespaces/api/keys", Key.Replace("PERIOD", "1s", StringComparison.Ordinal))).Field);
        await silo.Admin.DoAsync("POST", "/v1/namespaces/api/keys", Key.Replace("PERIOD", "2s", StringComparison.Ordinal));
        // The key's own form of the plan counts as well.
        refused = await silo.Admin.RefusedAsync("PUT", "/v1/namespaces/api", """{"leases":{"duration":"2500ms"}}""");
        Assert.Equal((HttpStatusCode.BadRequest, "leases.duration"), (refused.Status, refused.Field));
        Assert.Contains("the period, 2s, of the limit \"a\" of the plan \"p\"", refused.Detail, StringComparison.Ordinal);
        await silo.Admin.DoAsync("PUT", "/v1/namespaces/api", """{"leases":{"mode":"LEASE_MODE_OFF","duration":"2500ms"}}""");
    }
}
