using Quota.Silo.Catalog.Config;

namespace Quota.Silo.Import.Aws;

/// <summary>What the files tell of one API key.</summary>
/// <param name="Id">Its id.</param>
internal sealed record AwsApiKey(string Id)
{
    /// <summary>What callers send; empty if it is not in the files.</summary>
    public string Value { get; set; } = "";

    public string Name { get; set; } = "";

    public string CustomerId { get; set; } = "";

    public string Description { get; set; } = "";

    public bool Enabled { get; set; } = true;

    /// <summary>The usage plans it is on, in the order of the files.</summary>
    public List<AwsUsagePlan> Plans { get; } = [];

    /// <summary>Where it is named first, for remarks.</summary>
    public required ConfigNode At { get; init; }

    public required FieldPath Path { get; init; }

    public required FileRemarks Remarks { get; init; }
}
