namespace Quota.ApiReference;

/// <summary>The JSON twins of the methods. A method that is not listed here is served over gRPC only.</summary>
public static class HttpEndpoints
{
    private const string Namespaces = "/v1/namespaces";
    private const string OneNamespace = Namespaces + "/{namespace}";
    private const string Plans = OneNamespace + "/plans";
    private const string Keys = OneNamespace + "/keys";

    /// <summary>From <c>Service.Method</c> to the HTTP method and path.</summary>
    public static IReadOnlyDictionary<string, string> ByMethod { get; } = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        ["QuotaService.CheckQuota"] = "POST /v1/check",
        ["Cluster.GetClusterStatus"] = "GET /v1/cluster",
        ["AdminService.CreateNamespace"] = $"POST {Namespaces}",
        ["AdminService.GetNamespace"] = $"GET {OneNamespace}",
        ["AdminService.ListNamespaces"] = $"GET {Namespaces}",
        ["AdminService.ReplaceNamespace"] = $"PUT {OneNamespace}",
        ["AdminService.DeleteNamespace"] = $"DELETE {OneNamespace}",
        ["AdminService.CreatePlan"] = $"POST {Plans}",
        ["AdminService.GetPlan"] = $"GET {Plans}/{{plan}}",
        ["AdminService.ListPlans"] = $"GET {Plans}",
        ["AdminService.ReplacePlan"] = $"PUT {Plans}/{{plan}}",
        ["AdminService.DeletePlan"] = $"DELETE {Plans}/{{plan}}",
        ["AdminService.CreateKey"] = $"POST {Keys}",
        ["AdminService.GetKey"] = $"GET {Keys}/{{key}}",
        ["AdminService.ListKeys"] = $"GET {Keys}",
        ["AdminService.ReplaceKey"] = $"PUT {Keys}/{{key}}",
        ["AdminService.DeleteKey"] = $"DELETE {Keys}/{{key}}",
        ["AdminService.EraseKey"] = $"POST {Keys}/{{key}}:erase",
        ["AdminService.Import"] = "POST /v1/import",
        ["AdminService.Export"] = "GET /v1/export",
        ["AdminService.ListAudit"] = "GET /v1/audit",
    };
}
