namespace Quota.Silo.Protocols.Usage;

/// <summary>The version of what streams and exports of usage consist of. Rows and columns are APPEND-ONLY within a version.</summary>
internal static class UsageSchema
{
    public const int Version = 1;
}
