using Google.Protobuf;
using Quota.Contracts.V1;
using Quota.Silo.Definitions;

namespace Quota.Silo.Protocols.Admin;

/// <summary>Pages of lists as messages.</summary>
internal static class AdminPages
{
    public static IMessage Namespaces(DefinitionPage<Definition> page)
    {
        var response = new ListNamespacesResponse { NextPageToken = page.NextToken };
        response.Namespaces.Add(page.Items.Select(i => i.Namespace));
        return response;
    }

    public static IMessage Plans(DefinitionPage<Definition> page)
    {
        var response = new ListPlansResponse { NextPageToken = page.NextToken };
        response.Plans.Add(page.Items.Select(i => i.Plan));
        return response;
    }

    public static IMessage Keys(DefinitionPage<Definition> page)
    {
        var response = new ListKeysResponse { NextPageToken = page.NextToken };
        response.Keys.Add(page.Items.Select(i => i.Key));
        return response;
    }

    public static IMessage Audit(DefinitionPage<AuditEntry> page)
    {
        var response = new ListAuditResponse { NextPageToken = page.NextToken };
        response.Entries.Add(page.Items);
        return response;
    }
}
