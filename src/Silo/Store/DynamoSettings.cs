namespace Quota.Silo.Store;

/// <summary>A table of DynamoDB. Credentials come from where the AWS SDK finds them (environment, profile, role).</summary>
public sealed record DynamoSettings : StoreSettings
{
    /// <summary>Name of the table, 3 to 255 of letters, digits, <c>_ . -</c>.</summary>
    public string Table { get; init; } = "quota";

    /// <summary>AWS region; null: where the SDK finds it.</summary>
    public string? Region { get; init; }

    /// <summary>Another address than AWS's own, for DynamoDB Local or a VPC endpoint; null: AWS's.</summary>
    public string? Endpoint { get; init; }

    /// <summary>Capacity of a table that is created: null for on-demand, otherwise provisioned read and write units.</summary>
    public (int ReadUnits, int WriteUnits)? Provisioned { get; init; }
}
