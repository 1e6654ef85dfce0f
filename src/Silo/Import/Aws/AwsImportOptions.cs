namespace Quota.Silo.Import.Aws;

/// <summary>How usage plans are translated.</summary>
internal sealed record AwsImportOptions
{
    /// <summary>The namespace of everything.</summary>
    public string Namespace { get; init; } = "aws";

    /// <summary>Files of <c>get-usage-plan-keys</c>, each with the usage plan's id.</summary>
    public IReadOnlyList<(string PlanId, string File)> KeyFiles { get; init; } = [];

    /// <summary>Files of <c>get-api-keys --include-values</c>.</summary>
    public IReadOnlyList<string> ApiKeyFiles { get; init; } = [];

    /// <summary>Name keys by their id instead of their value, which is a secret.</summary>
    public bool NameKeysById { get; init; }

    /// <summary>Every limit counts and reports, and nothing is refused.</summary>
    public bool Shadow { get; init; }
}
